"""The statements of `store.events`."""

from __future__ import annotations

from sqlalchemy import Integer, bindparam, delete, null, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import event_tables, tables

_l, _v = event_tables.listeners.c, event_tables.events.c
_IS_LISTENER = _l.flow_id == bindparam("id")
_LISTENER = (_l.flow_id, _l.since_ms, _l.cursor, _l.waiting_events, _l.waiting_bytes)
SELECT = select(*_LISTENER).where(_IS_LISTENER)
INSERT = into(event_tables.listeners).values(
    flow_id=bindparam("id"), since_ms=bindparam("now_ms"), waiting_events=0, waiting_bytes=0, lease_until_ms=0
)
# The lease ends with it: whoever asked the source does so from another place on.
BEGIN = (
    change(event_tables.listeners)
    .where(_IS_LISTENER)
    .values(since_ms=bindparam("now_ms"), cursor=null(), retry_at_ms=null(), owner=null(), lease_until_ms=0)
    .returning(_l.flow_id)
)
ADD = (
    change(event_tables.listeners)
    .where(_IS_LISTENER)
    .values(
        waiting_events=_l.waiting_events + bindparam("events", type_=Integer),
        waiting_bytes=_l.waiting_bytes + bindparam("bytes", type_=Integer),
    )
)
MOVE = change(event_tables.listeners).where(_IS_LISTENER).values(cursor=bindparam("cursor"))
FAILURES = select(tables.flows.c.failures_in_a_row).where(tables.flows.c.flow_id == bindparam("id"))
RETRY_AT = change(event_tables.listeners).where(_IS_LISTENER).values(retry_at_ms=bindparam("at_ms"))
IS_KNOWN = select(_v.number).where(_v.flow_id == bindparam("id"), _v.key == bindparam("key")).limit(1)
TAKE = into(event_tables.events).values(
    flow_id=bindparam("id"),
    key=bindparam("key"),
    body=bindparam("body"),
    size_bytes=bindparam("size_bytes"),
    received_ms=bindparam("now_ms"),
)
WAITING = (
    select(_v.number, _v.body, _v.size_bytes)
    .where(_v.flow_id == bindparam("id"), _v.done_ms.is_(None))
    .order_by(_v.number)
    .limit(bindparam("limit"))
)
HAS_MEANING = select(_v.number).where(_v.flow_id == bindparam("id"), _v.meaning == bindparam("meaning")).limit(1)
GIVE = (
    change(event_tables.events)
    .where(_v.number == bindparam("number"))
    .values(batch_id=bindparam("batch_id"), meaning=bindparam("meaning"))
)
_DONE = _v.flow_id == bindparam("id"), _v.done_ms.is_(None), _v.batch_id == bindparam("batch_id")
# One that nobody can tell again goes at once.
DELETE_DONE = delete(event_tables.events).where(*_DONE, _v.key.is_(None)).returning(_v.size_bytes)
END = change(event_tables.events).where(*_DONE).values(done_ms=bindparam("now_ms"), body="").returning(_v.size_bytes)
FREE = change(event_tables.events).where(*_DONE).values(batch_id=null(), meaning=null())
BODIES = select(_v.body).where(_v.flow_id == bindparam("id"), _v.batch_id == bindparam("batch_id")).order_by(_v.number)
SELECT_OLD = (
    select(_v.number)
    .where(_v.done_ms.is_not(None), _v.done_ms < bindparam("before_ms"))
    .order_by(_v.done_ms)
    .limit(bindparam("limit"))
)
DELETE = delete(event_tables.events).where(_v.number == bindparam("number"))
CLEAR_WAITING = delete(event_tables.events).where(_v.flow_id == bindparam("id"), _v.done_ms.is_(None))
CLEAR_LISTENER = delete(event_tables.listeners).where(_IS_LISTENER)
