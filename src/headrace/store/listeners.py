"""Which flows listen for events, and which node asks their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy import update as change

from headrace.store import documents, event_tables, tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Listening:
    """An active event flow. It is another one once it was stopped and started, or changed."""

    flow_id: str
    revision: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class Followed:
    """What following a flow's source takes; `cursor` None: from `since_ms` on."""

    account: str
    region: str
    name: str
    document: dict[str, Any]
    cursor: str | None


_l, _f, _r = event_tables.listeners.c, tables.flows.c, tables.revisions.c
_IS_ACTIVE = (_f.status == "Active") & (_f.trigger_type == "Event")
_IS_IT = (_l.flow_id == bindparam("id")) & (_l.since_ms == bindparam("since_ms"))
_MAY_TAKE = or_(_l.owner == bindparam("me"), _l.lease_until_ms <= bindparam("now_ms"))
_OPEN_TO = Statement(
    select(_f.flow_id, _f.revision, _l.since_ms)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .where(_IS_ACTIVE, _MAY_TAKE)
    .order_by(_f.flow_id)
)
_DOCUMENTS = Statement(
    select(_f.flow_id, _r.document)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .join(tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(_IS_ACTIVE, _f.account == bindparam("account"))
    .order_by(_f.flow_id)
)
_TAKE = Statement(
    change(event_tables.listeners)
    .where(_IS_IT, _MAY_TAKE)
    .values(owner=bindparam("me"), lease_until_ms=bindparam("until_ms"))
    .returning(_l.flow_id)
)
_FOLLOWED = Statement(
    select(_f.account, _f.region, _f.name, _r.document, _l.cursor)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .join(tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(_IS_IT, _f.revision == bindparam("revision"), _IS_ACTIVE)
)
# Holds the row until the end of the transaction, so that the flow is neither stopped nor taken over in it.
_HOLD = Statement(
    change(event_tables.listeners)
    .where(_IS_IT, _l.owner == bindparam("me"), select(_f.flow_id).where(_f.flow_id == _l.flow_id, _IS_ACTIVE).exists())
    .values(owner=_l.owner)
    .returning(_l.flow_id)
)
_RELEASE = Statement(change(event_tables.listeners).where(_l.owner == bindparam("me")).values(lease_until_ms=0))
_EXPIRE = Statement(change(event_tables.listeners).where(_l.lease_until_ms > 0).values(lease_until_ms=0))


def open_to(tx: Tx, me: str, *, now_ms: int) -> list[Listening]:
    """Every flow that listens, of all accounts, whose source the node `me` asks, or nobody."""
    return [Listening(*row) for row in tx.rows(_OPEN_TO, me=me, now_ms=now_ms)]


def documents_of(tx: Tx, account: str) -> list[tuple[str, dict[str, Any]]]:
    """The flows of the account that listen, in whatever region, with their documents."""
    return [(flow_id, documents.loads(text)) for flow_id, text in tx.rows(_DOCUMENTS, account=account)]


def follow(tx: Tx, flow: Listening, me: str, *, now_ms: int, until_ms: int) -> Followed | None:
    """Let the node `me` ask the flow's source until then. None: another one does, or the flow is another by now."""
    if tx.row(_TAKE, id=flow.flow_id, since_ms=flow.since_ms, me=me, now_ms=now_ms, until_ms=until_ms) is None:
        return None
    row = tx.row(_FOLLOWED, id=flow.flow_id, since_ms=flow.since_ms, revision=flow.revision)
    if row is None:
        return None
    account, region, name, document, cursor = row
    return Followed(account, region, name, documents.loads(document), cursor)


def hold(tx: Tx, flow: Listening, me: str) -> bool:
    """Whether the flow still listens and the node `me` asks its source; so it stays until the transaction ends."""
    return tx.row(_HOLD, id=flow.flow_id, since_ms=flow.since_ms, me=me) is not None


def release(tx: Tx, me: str) -> None:
    """Let other nodes ask the sources that `me` does."""
    tx.rows(_RELEASE, me=me)


def expire(tx: Tx) -> None:
    """Let any node ask any source, for a store that nobody else has open."""
    tx.rows(_EXPIRE)
