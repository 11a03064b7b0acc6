"""The statements of `store.receivers`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_r = tables.receivers.c
_IS_IT = _r.receiver == bindparam("id")
_VALUES = binds((_r.owner, _r.until_ms))
SELECT = select(_r.owner, _r.until_ms).where(_IS_IT)
INSERT = into(tables.receivers).values(receiver=bindparam("id"), **_VALUES)
UPDATE = change(tables.receivers).where(_IS_IT).values(**_VALUES)
DELETE = delete(tables.receivers).where(_IS_IT, _r.owner == bindparam("owner"))
