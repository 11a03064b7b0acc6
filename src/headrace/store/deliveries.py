"""How far the batches of an execution have got."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store import tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Tx

_d = tables.deliveries.c


@dataclass(frozen=True, slots=True)
class Delivered:
    """The position of a delivery: the destination has answered for the first `records` staged records.

    `refused` of them it did not take; they lie, with their reasons, in the first `refused_bytes` bytes of the
    file at `refused_path`. `bytes_written` counts the others.
    """

    records: int
    refused: int
    bytes_written: int
    refused_path: str
    refused_bytes: int


_COLUMNS = (_d.records, _d.refused, _d.bytes_written, _d.refused_path, _d.refused_bytes)
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


def get(tx: Tx, execution_id: str) -> Delivered | None:
    """The last position that was recorded; None: nothing was sent yet."""
    row = tx.row(SELECT, id=execution_id)
    return None if row is None else Delivered(*row)


def put(tx: Tx, execution_id: str, position: Delivered) -> bool:
    """Record the position; False if a later one is recorded. The caller holds the execution's lease."""
    values = asdict(position)
    if get(tx, execution_id) is None:
        tx.rows(INSERT, id=execution_id, **values)
        return True
    return tx.row(UPDATE, id=execution_id, **values) is not None
