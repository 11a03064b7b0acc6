"""The statements of `store.listeners`."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select
from sqlalchemy import update as change

from headrace.store.core import event_tables, tables

_l, _f, _r = event_tables.listeners.c, tables.flows.c, tables.revisions.c
_IS_ACTIVE = (_f.status == "Active") & (_f.trigger_type == "Event")
_IS_IT = (_l.flow_id == bindparam("id")) & (_l.since_ms == bindparam("since_ms"))
_MAY_TAKE = or_(_l.owner == bindparam("me"), _l.lease_until_ms <= bindparam("now_ms"))
OPEN_TO = (
    select(_f.flow_id, _f.revision, _l.since_ms)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .where(_IS_ACTIVE, _MAY_TAKE)
    .order_by(_f.flow_id)
)
DOCUMENTS = (
    select(_f.flow_id, _r.document)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .join(tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(_IS_ACTIVE, _f.account == bindparam("account"))
    .order_by(_f.flow_id)
)
TAKE = (
    change(event_tables.listeners)
    .where(_IS_IT, _MAY_TAKE)
    .values(owner=bindparam("me"), lease_until_ms=bindparam("until_ms"))
    .returning(_l.flow_id)
)
FOLLOWED = (
    select(_f.account, _f.region, _f.name, _r.document, _l.cursor)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .join(tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(_IS_IT, _f.revision == bindparam("revision"), _IS_ACTIVE)
)
# Holds the row until the end of the transaction, so that the flow is neither stopped nor taken over in it.
HOLD = (
    change(event_tables.listeners)
    .where(_IS_IT, _l.owner == bindparam("me"), select(_f.flow_id).where(_f.flow_id == _l.flow_id, _IS_ACTIVE).exists())
    .values(owner=_l.owner)
    .returning(_l.flow_id)
)
RELEASE = change(event_tables.listeners).where(_l.owner == bindparam("me")).values(lease_until_ms=0)
EXPIRE = change(event_tables.listeners).where(_l.lease_until_ms > 0).values(lease_until_ms=0)
