"""The statements of `store.access_keys`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_a = tables.access_keys.c
SELECT = select(_a.arn, _a.policy, _a.created_ms, _a.sealed_secret).where(_a.key_id == bindparam("key_id"))
SELECT_ALL = select(_a.key_id, _a.arn, _a.policy, _a.created_ms).order_by(_a.created_ms, _a.key_id)
INSERT = into(tables.access_keys).values(binds(tables.access_keys.columns))
SELECT_SEALED = select(_a.key_id, _a.sealed_secret).with_for_update()
RESEAL = change(tables.access_keys).where(_a.key_id == bindparam("of_key")).values(sealed_secret=bindparam("sealed"))
DELETE = delete(tables.access_keys).where(_a.key_id == bindparam("key_id")).returning(_a.key_id)
