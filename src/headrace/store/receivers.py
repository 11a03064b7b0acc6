"""Which process tells a receiver of runs: one at a time, so that reports come once and in order."""

from __future__ import annotations

from headrace.store.sql import receivers as sql
from headrace.store.tx import Tx


def take(tx: Tx, receiver: str, *, owner: str, now_ms: int, until_ms: int) -> bool:
    """Take the receiver until then, or keep it longer; False while another process has it."""
    tx.lock(f"receiver {receiver}")
    row = tx.row(sql.SELECT, id=receiver)
    if row is not None and row[0] != owner and row[1] > now_ms:
        return False
    tx.rows(sql.INSERT if row is None else sql.UPDATE, id=receiver, owner=owner, until_ms=until_ms)
    return True


def give_back(tx: Tx, receiver: str, *, owner: str) -> None:
    """Let any process have the receiver, if it is the owner's."""
    tx.rows(sql.DELETE, id=receiver, owner=owner)
