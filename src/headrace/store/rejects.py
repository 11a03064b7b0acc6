"""Where the rejected records of executions lie."""

from __future__ import annotations

from dataclasses import asdict, replace

from sqlalchemy import bindparam, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.connector_sdk.kept_rejects import Kept
from headrace.store import tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Tx

_r = tables.rejects.c
_COLUMNS = (_r.url, _r.bucket, _r.prefix, _r.files, _r.records, _r.size_bytes, _r.is_whole)
SELECT = Statement(select(*_COLUMNS).where(_r.execution_id == bindparam("id")))
INSERT = Statement(into(tables.rejects).values(execution_id=bindparam("id"), **binds(_COLUMNS)))
UPDATE = Statement(change(tables.rejects).where(_r.execution_id == bindparam("id")).values(**binds(_COLUMNS)))


def get(tx: Tx, execution_id: str) -> Kept | None:
    """Where they lie; None: the execution has none, or has not ended."""
    row = tx.row(SELECT, id=execution_id)
    return None if row is None else Kept(*row[:-1], is_whole=bool(row[-1]))


def put(tx: Tx, execution_id: str, kept: Kept) -> None:
    """Keep it, in the transaction that ends the execution, or a batch of it: then it adds to that of the others."""
    known = get(tx, execution_id)
    whole = kept if known is None else _together(known, kept)
    statement = INSERT if known is None else UPDATE
    tx.rows(statement, id=execution_id, **(asdict(whole) | {"is_whole": int(whole.is_whole)}))


def _together(known: Kept, more: Kept) -> Kept:
    return replace(
        more,
        files=known.files + more.files,
        records=known.records + more.records,
        size_bytes=known.size_bytes + more.size_bytes,
        is_whole=known.is_whole and more.is_whole,
    )
