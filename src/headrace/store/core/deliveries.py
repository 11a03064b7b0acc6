"""The statements of `store.deliveries`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_d, _r = tables.deliveries.c, tables.refusals.c
_COLUMNS = (_d.records, _d.refused, _d.bytes_written)
_VALUES = binds(_COLUMNS)
SELECT = select(*_COLUMNS).where(_d.execution_id == bindparam("id"))
INSERT = into(tables.deliveries).values(execution_id=bindparam("id"), **_VALUES)
# Invariant 2: positions only move forward.
UPDATE = (
    change(tables.deliveries)
    .where(_d.execution_id == bindparam("id"), _d.records <= bindparam("records"))
    .values(**_VALUES)
    .returning(_d.records)
)
REFUSE = into(tables.refusals).values(
    execution_id=bindparam("id"), records=bindparam("records"), refused=bindparam("refused")
)
SELECT_REFUSED = (
    select(_r.records, _r.refused)
    .where(_r.execution_id == bindparam("id"), _r.records > bindparam("after"))
    .order_by(_r.records)
    .limit(1)
)
FORGET = delete(tables.refusals).where(_r.execution_id == bindparam("id"))
