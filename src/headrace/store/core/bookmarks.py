"""The statements of `store.bookmarks`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, text

from headrace.store.core import tables

_b = tables.bookmarks.c
_IS_IT = _b.flow_id == bindparam("id")
SELECT = select(_b.source, _b.bookmark).where(_IS_IT)
DELETE = delete(tables.bookmarks).where(_IS_IT)
# Invariant 2: positions only move forward, so an execution never puts back what a later one has read. Core has
# ON CONFLICT for each dialect apart; SQLite and PostgreSQL read the same text.
PUT = text("""
        INSERT INTO bookmarks (flow_id, source, bookmark, sequence) VALUES (:id, :source, :bookmark, :sequence)
        ON CONFLICT (flow_id) DO UPDATE
        SET source = excluded.source, bookmark = excluded.bookmark, sequence = excluded.sequence
        WHERE bookmarks.sequence <= excluded.sequence
        RETURNING flow_id
    """)
