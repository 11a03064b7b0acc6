"""The statements of `store.outbox`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy import insert as into

from headrace.store.core import tables

_o = tables.outbox.c
INSERT = into(tables.outbox).values(
    receiver=bindparam("receiver"),
    flow_id=bindparam("flow_id"),
    event=bindparam("event"),
    created_ms=bindparam("now_ms"),
)
SELECT_PAGE = (
    select(_o.number, _o.flow_id, _o.event)
    .where(_o.receiver == bindparam("receiver"), _o.number > bindparam("after"))
    .order_by(_o.number)
    .limit(bindparam("limit"))
)
DELETE = delete(tables.outbox).where(_o.number == bindparam("number"))
# Numbers grow with time but for a clock that is turned: the first row that is young ends the old ones.
SELECT_OLD = (
    select(_o.number)
    .where(_o.receiver == bindparam("receiver"), _o.created_ms < bindparam("before_ms"))
    .order_by(_o.number)
)
