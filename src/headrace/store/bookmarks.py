"""Where the next execution of an incremental flow begins to read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store import tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Tx

_b = tables.bookmarks.c
_IS_IT = _b.flow_id == bindparam("id")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What a source said last, `text`, and what was read of it, `source`: of anything else it says nothing."""

    source: str
    text: str


_VALUES = binds((_b.source, _b.bookmark, _b.sequence))
SELECT = Statement(select(_b.source, _b.bookmark).where(_IS_IT))
INSERT = Statement(into(tables.bookmarks).values(flow_id=bindparam("id"), **_VALUES))
DELETE = Statement(delete(tables.bookmarks).where(_IS_IT))
# Invariant 2: positions only move forward, so an execution never puts back what a later one has read.
UPDATE = Statement(
    change(tables.bookmarks).where(_IS_IT, _b.sequence <= bindparam("sequence")).values(**_VALUES).returning(_b.flow_id)
)


def get(tx: Tx, flow_id: str) -> Bookmark | None:
    """The flow's bookmark; None: no execution has ended with one."""
    row = tx.row(SELECT, id=flow_id)
    return None if row is None else Bookmark(*row)


def replace(tx: Tx, flow_id: str, bookmark: Bookmark | None) -> None:
    """Keep this one, as who owns the flow says, or none; the flow's next execution that succeeds goes on from it."""
    tx.rows(DELETE, id=flow_id)
    if bookmark is not None:
        tx.rows(INSERT, id=flow_id, source=bookmark.source, bookmark=bookmark.text, sequence=0)


def put(tx: Tx, flow_id: str, bookmark: Bookmark, *, sequence: int) -> bool:
    """Keep what the flow's execution number `sequence` ended with; False if a later one has ended with another."""
    values = {"source": bookmark.source, "bookmark": bookmark.text, "sequence": sequence}
    if get(tx, flow_id) is None:
        tx.rows(INSERT, id=flow_id, **values)
        return True
    return tx.row(UPDATE, id=flow_id, **values) is not None
