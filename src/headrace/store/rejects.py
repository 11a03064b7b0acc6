"""Where the rejected records of executions lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace

from headrace.connector_sdk.kept_rejects import Kept
from headrace.store.sql import rejects as sql
from headrace.store.tx import Row, Tx


def get(tx: Tx, execution_id: str) -> Kept | None:
    """Where they lie; None: the execution has none, or has not ended."""
    row = tx.row(sql.SELECT, id=execution_id)
    return None if row is None else _kept(row)


def put(tx: Tx, execution_id: str, kept: Kept) -> None:
    """Keep it, in the transaction that ends the execution, or a batch of it: then it adds to that of the others."""
    known = get(tx, execution_id)
    whole = kept if known is None else _together(known, kept)
    statement = sql.INSERT if known is None else sql.UPDATE
    tx.rows(statement, id=execution_id, **(asdict(whole) | {"is_whole": int(whole.is_whole)}))


def left(tx: Tx, *, after: str, limit: int) -> list[tuple[str, Kept]]:
    """Those of executions that are gone, in the order of their ids, beyond `after`."""
    return [(row[0], _kept(row[1:])) for row in tx.rows(sql.LEFT, after=after, limit=limit)]


def forget(tx: Tx, execution_ids: Iterable[str]) -> None:
    """What the executions left is there no more."""
    for execution_id in execution_ids:
        tx.rows(sql.FORGET, id=execution_id)


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
