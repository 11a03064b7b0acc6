"""Where the rejected records of executions lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.connector_sdk.kept_rejects import Kept
from headrace.store import tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Row, Tx

_r = tables.rejects.c
_COLUMNS = (_r.url, _r.bucket, _r.prefix, _r.files, _r.records, _r.size_bytes, _r.is_whole)
SELECT = Statement(select(*_COLUMNS).where(_r.execution_id == bindparam("id")))
INSERT = Statement(into(tables.rejects).values(execution_id=bindparam("id"), **binds(_COLUMNS)))
UPDATE = Statement(change(tables.rejects).where(_r.execution_id == bindparam("id")).values(**binds(_COLUMNS)))
_IS_KNOWN = select(tables.executions.c.ticket).where(tables.executions.c.execution_id == _r.execution_id).exists()
_LEFT = Statement(
    select(_r.execution_id, *_COLUMNS)
    .where(_r.execution_id > bindparam("after"), ~_IS_KNOWN)
    .order_by(_r.execution_id)
    .limit(bindparam("limit"))
)
_FORGET = Statement(delete(tables.rejects).where(_r.execution_id == bindparam("id")))


def get(tx: Tx, execution_id: str) -> Kept | None:
    """Where they lie; None: the execution has none, or has not ended."""
    row = tx.row(SELECT, id=execution_id)
    return None if row is None else _kept(row)


def put(tx: Tx, execution_id: str, kept: Kept) -> None:
    """Keep it, in the transaction that ends the execution, or a batch of it: then it adds to that of the others."""
    known = get(tx, execution_id)
    whole = kept if known is None else _together(known, kept)
    statement = INSERT if known is None else UPDATE
    tx.rows(statement, id=execution_id, **(asdict(whole) | {"is_whole": int(whole.is_whole)}))


def left(tx: Tx, *, after: str, limit: int) -> list[tuple[str, Kept]]:
    """Those of executions that are gone, in the order of their ids, beyond `after`."""
    return [(row[0], _kept(row[1:])) for row in tx.rows(_LEFT, after=after, limit=limit)]


def forget(tx: Tx, execution_ids: Iterable[str]) -> None:
    """What the executions left is there no more."""
    for execution_id in execution_ids:
        tx.rows(_FORGET, id=execution_id)


def _kept(row: Row) -> Kept:
    return Kept(*row[:-1], is_whole=bool(row[-1]))


def _together(known: Kept, more: Kept) -> Kept:
    return replace(
        more,
        files=known.files + more.files,
        records=known.records + more.records,
        size_bytes=known.size_bytes + more.size_bytes,
        is_whole=known.is_whole and more.is_whole,
    )
