"""How far the batches of an execution have got."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store import tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Delivered:
    """The position of a delivery: the destination has answered for the first `records` staged records.

    `refused` of them it did not take; `bytes_written` counts the others.
    """

    records: int
    refused: int
    bytes_written: int


_d, _r = tables.deliveries.c, tables.refusals.c
_COLUMNS = (_d.records, _d.refused, _d.bytes_written)
_VALUES = binds(_COLUMNS)
SELECT = Statement(select(*_COLUMNS).where(_d.execution_id == bindparam("id")))
INSERT = Statement(into(tables.deliveries).values(execution_id=bindparam("id"), **_VALUES))
# Invariant 2: positions only move forward.
UPDATE = Statement(
    change(tables.deliveries)
    .where(_d.execution_id == bindparam("id"), _d.records <= bindparam("records"))
    .values(**_VALUES)
    .returning(_d.records)
)
REFUSE = Statement(
    into(tables.refusals).values(
        execution_id=bindparam("id"), records=bindparam("records"), refused=bindparam("refused")
    )
)
SELECT_REFUSED = Statement(
    select(_r.records, _r.refused)
    .where(_r.execution_id == bindparam("id"), _r.records > bindparam("after"))
    .order_by(_r.records)
    .limit(1)
)
FORGET = Statement(delete(tables.refusals).where(_r.execution_id == bindparam("id")))


def get(tx: Tx, execution_id: str) -> Delivered | None:
    """The last position that was recorded; None: nothing was sent yet."""
    row = tx.row(SELECT, id=execution_id)
    return None if row is None else Delivered(*row)


def put(tx: Tx, execution_id: str, position: Delivered, refused: bytes = b"") -> bool:
    """Record the position, and what the destination refused on the way to it; False if a later one is recorded.

    The caller holds the execution's lease.
    """
    values = asdict(position)
    if get(tx, execution_id) is None:
        tx.rows(INSERT, id=execution_id, **values)
    elif tx.row(UPDATE, id=execution_id, **values) is None:
        return False
    if refused:
        tx.rows(REFUSE, id=execution_id, records=position.records, refused=zlib.compress(refused, 1))
    return True


def refused_after(tx: Tx, execution_id: str, records: int) -> tuple[int, bytes] | None:
    """What was refused first on the way beyond that many records, and the position it was put with; None: nothing."""
    row = tx.row(SELECT_REFUSED, id=execution_id, after=records)
    return None if row is None else (row[0], zlib.decompress(row[1]))


def forget_refused(tx: Tx, execution_id: str) -> None:
    """Drop what was refused: the execution has ended, and it lies where the flow wants it."""
    tx.rows(FORGET, id=execution_id)
