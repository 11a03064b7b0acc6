"""Tags of resources, by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headrace.store.sql import tags as sql
from headrace.store.tx import Tx


def get(tx: Tx, arn: str) -> dict[str, str]:
    """The resource's tags by key, in code point order; none for a resource that has none or does not exist."""
    return dict(tx.rows(sql.SELECT, arn=arn))


def put(tx: Tx, arn: str, tags: Mapping[str, str]) -> None:
    """Add the tags; one whose key is there already gets the new value."""
    for key, value in tags.items():
        tx.rows(sql.PUT, arn=arn, key=key, value=value)


def remove(tx: Tx, arn: str, keys: Iterable[str]) -> None:
    """Remove the tags with these keys; a key that is not there is no fault."""
    for key in keys:
        tx.rows(sql.DELETE, arn=arn, key=key)


def delete_all(tx: Tx, arn: str) -> None:
    tx.rows(sql.DELETE_ALL, arn=arn)
