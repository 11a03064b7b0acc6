"""Where the next execution of an incremental flow begins to read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, text

from headrace.store import tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_b = tables.bookmarks.c
_IS_IT = _b.flow_id == bindparam("id")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What a source said last, `text`, and what was read of it, `source`: of anything else it says nothing."""

    source: str
    text: str


SELECT = Statement(select(_b.source, _b.bookmark).where(_IS_IT))
DELETE = Statement(delete(tables.bookmarks).where(_IS_IT))
# Invariant 2: positions only move forward, so an execution never puts back what a later one has read. Core has
# ON CONFLICT for each dialect apart; SQLite and PostgreSQL read the same text.
PUT = Statement(
    text("""
        INSERT INTO bookmarks (flow_id, source, bookmark, sequence) VALUES (:id, :source, :bookmark, :sequence)
        ON CONFLICT (flow_id) DO UPDATE
        SET source = excluded.source, bookmark = excluded.bookmark, sequence = excluded.sequence
        WHERE bookmarks.sequence <= excluded.sequence
        RETURNING flow_id
    """)
)


def get(tx: Tx, flow_id: str) -> Bookmark | None:
    """The flow's bookmark; None: no execution has ended with one."""
    row = tx.row(SELECT, id=flow_id)
    return None if row is None else Bookmark(*row)


def replace(tx: Tx, flow_id: str, bookmark: Bookmark | None) -> None:
    """Keep this one, as who owns the flow says, or none; the flow's next execution that succeeds goes on from it."""
    tx.rows(DELETE, id=flow_id)
    if bookmark is not None:
        tx.rows(PUT, id=flow_id, source=bookmark.source, bookmark=bookmark.text, sequence=0)


def put(tx: Tx, flow_id: str, bookmark: Bookmark, *, sequence: int) -> bool:
    """Keep what the flow's execution number `sequence` ended with; False if a later one has ended with another."""
    values = {"source": bookmark.source, "bookmark": bookmark.text, "sequence": sequence}
    return tx.row(PUT, id=flow_id, **values) is not None
