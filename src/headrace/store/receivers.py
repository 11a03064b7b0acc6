"""Which process tells a receiver of runs: one at a time, so that reports come once and in order."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store import tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Tx

_r = tables.receivers.c
_IS_IT = _r.receiver == bindparam("id")
_VALUES = binds((_r.owner, _r.until_ms))
SELECT = Statement(select(_r.owner, _r.until_ms).where(_IS_IT))
INSERT = Statement(into(tables.receivers).values(receiver=bindparam("id"), **_VALUES))
UPDATE = Statement(change(tables.receivers).where(_IS_IT).values(**_VALUES))
DELETE = Statement(delete(tables.receivers).where(_IS_IT, _r.owner == bindparam("owner")))


def take(tx: Tx, receiver: str, *, owner: str, now_ms: int, until_ms: int) -> bool:
    """Take the receiver until then, or keep it longer; False while another process has it."""
    tx.lock(f"receiver {receiver}")
    row = tx.row(SELECT, id=receiver)
    if row is not None and row[0] != owner and row[1] > now_ms:
        return False
    tx.rows(INSERT if row is None else UPDATE, id=receiver, owner=owner, until_ms=until_ms)
    return True


def give_back(tx: Tx, receiver: str, *, owner: str) -> None:
    """Let any process have the receiver, if it is the owner's."""
    tx.rows(DELETE, id=receiver, owner=owner)
