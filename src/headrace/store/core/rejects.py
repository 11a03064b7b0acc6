"""The statements of `store.rejects`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_r = tables.rejects.c
_COLUMNS = (_r.url, _r.bucket, _r.prefix, _r.files, _r.records, _r.size_bytes, _r.is_whole)
SELECT = select(*_COLUMNS).where(_r.execution_id == bindparam("id"))
INSERT = into(tables.rejects).values(execution_id=bindparam("id"), **binds(_COLUMNS))
UPDATE = change(tables.rejects).where(_r.execution_id == bindparam("id")).values(**binds(_COLUMNS))
_IS_KNOWN = select(tables.executions.c.ticket).where(tables.executions.c.execution_id == _r.execution_id).exists()
LEFT = (
    select(_r.execution_id, *_COLUMNS)
    .where(_r.execution_id > bindparam("after"), ~_IS_KNOWN)
    .order_by(_r.execution_id)
    .limit(bindparam("limit"))
)
FORGET = delete(tables.rejects).where(_r.execution_id == bindparam("id"))
