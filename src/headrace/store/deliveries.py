"""How far the batches of an execution have got."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass

from headrace.store.sql import deliveries as sql
from headrace.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Delivered:
    """The position of a delivery: the destination has answered for the first `records` staged records.

    `refused` of them it did not take; `bytes_written` counts the others.
    """

    records: int
    refused: int
    bytes_written: int


def get(tx: Tx, execution_id: str) -> Delivered | None:
    """The last position that was recorded; None: nothing was sent yet."""
    row = tx.row(sql.SELECT, id=execution_id)
    return None if row is None else Delivered(*row)


def put(tx: Tx, execution_id: str, position: Delivered, refused: bytes = b"") -> bool:
    """Record the position, and what the destination refused on the way to it; False if a later one is recorded.

    The caller holds the execution's lease.
    """
    values = asdict(position)
    if get(tx, execution_id) is None:
        tx.rows(sql.INSERT, id=execution_id, **values)
    elif tx.row(sql.UPDATE, id=execution_id, **values) is None:
        return False
    if refused:
        tx.rows(sql.REFUSE, id=execution_id, records=position.records, refused=zlib.compress(refused, 1))
    return True


def refused_after(tx: Tx, execution_id: str, records: int) -> tuple[int, bytes] | None:
    """What was refused first on the way beyond that many records, and the position it was put with; None: nothing."""
    row = tx.row(sql.SELECT_REFUSED, id=execution_id, after=records)
    return None if row is None else (row[0], zlib.decompress(row[1]))


def forget_refused(tx: Tx, execution_id: str) -> None:
    """Drop what was refused: the execution has ended, and it lies where the flow wants it."""
    tx.rows(sql.FORGET, id=execution_id)
