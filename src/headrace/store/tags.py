"""Tags of resources, by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, delete, select, text

from headrace.store import tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_t = tables.tags.c
_IS_TAGGED = _t.arn == bindparam("arn")
_SELECT = Statement(select(_t.key, _t.value).where(_IS_TAGGED).order_by(_t.key))
_PUT = Statement(
    text("""
        INSERT INTO tags (arn, key, value) VALUES (:arn, :key, :value)
        ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value
    """)
)
_DELETE = Statement(delete(tables.tags).where(_IS_TAGGED, _t.key == bindparam("key")))
_DELETE_ALL = Statement(delete(tables.tags).where(_IS_TAGGED))


def get(tx: Tx, arn: str) -> dict[str, str]:
    """The resource's tags by key, in code point order; none for a resource that has none or does not exist."""
    return dict(tx.rows(_SELECT, arn=arn))


def put(tx: Tx, arn: str, tags: Mapping[str, str]) -> None:
    """Add the tags; one whose key is there already gets the new value."""
    for key, value in tags.items():
        tx.rows(_PUT, arn=arn, key=key, value=value)


def remove(tx: Tx, arn: str, keys: Iterable[str]) -> None:
    """Remove the tags with these keys; a key that is not there is no fault."""
    for key in keys:
        tx.rows(_DELETE, arn=arn, key=key)


def delete_all(tx: Tx, arn: str) -> None:
    tx.rows(_DELETE_ALL, arn=arn)
