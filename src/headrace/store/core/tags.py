"""The statements of `store.tags`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, text

from headrace.store.core import tables

_t = tables.tags.c
_IS_TAGGED = _t.arn == bindparam("arn")
SELECT = select(_t.key, _t.value).where(_IS_TAGGED).order_by(_t.key)
PUT = text("""
        INSERT INTO tags (arn, key, value) VALUES (:arn, :key, :value)
        ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value
    """)
DELETE = delete(tables.tags).where(_IS_TAGGED, _t.key == bindparam("key"))
DELETE_ALL = delete(tables.tags).where(_IS_TAGGED)
