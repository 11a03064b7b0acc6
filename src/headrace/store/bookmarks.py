"""Where the next execution of an incremental flow begins to read."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.store.sql import bookmarks as sql
from headrace.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What a source said last, `text`, and what was read of it, `source`: of anything else it says nothing."""

    source: str
    text: str


def get(tx: Tx, flow_id: str) -> Bookmark | None:
    """The flow's bookmark; None: no execution has ended with one."""
    row = tx.row(sql.SELECT, id=flow_id)
    return None if row is None else Bookmark(*row)


def replace(tx: Tx, flow_id: str, bookmark: Bookmark | None) -> None:
    """Keep this one, as who owns the flow says, or none; the flow's next execution that succeeds goes on from it."""
    tx.rows(sql.DELETE, id=flow_id)
    if bookmark is not None:
        tx.rows(sql.PUT, id=flow_id, source=bookmark.source, bookmark=bookmark.text, sequence=0)


def put(tx: Tx, flow_id: str, bookmark: Bookmark, *, sequence: int) -> bool:
    """Keep what the flow's execution number `sequence` ended with; False if a later one has ended with another."""
    values = {"source": bookmark.source, "bookmark": bookmark.text, "sequence": sequence}
    return tx.row(sql.PUT, id=flow_id, **values) is not None
