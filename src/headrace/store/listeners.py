"""Which flows listen for events, and which node asks their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.store import documents
from headrace.store.sql import listeners as sql
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


def open_to(tx: Tx, me: str, *, now_ms: int) -> list[Listening]:
    """Every flow that listens, of all accounts, whose source the node `me` asks, or nobody."""
    return [Listening(*row) for row in tx.rows(sql.OPEN_TO, me=me, now_ms=now_ms)]


def documents_of(tx: Tx, account: str) -> list[tuple[str, dict[str, Any]]]:
    """The flows of the account that listen, in whatever region, with their documents."""
    return [(flow_id, documents.loads(text)) for flow_id, text in tx.rows(sql.DOCUMENTS, account=account)]


def follow(tx: Tx, flow: Listening, me: str, *, now_ms: int, until_ms: int) -> Followed | None:
    """Let the node `me` ask the flow's source until then. None: another one does, or the flow is another by now."""
    if tx.row(sql.TAKE, id=flow.flow_id, since_ms=flow.since_ms, me=me, now_ms=now_ms, until_ms=until_ms) is None:
        return None
    row = tx.row(sql.FOLLOWED, id=flow.flow_id, since_ms=flow.since_ms, revision=flow.revision)
    if row is None:
        return None
    account, region, name, document, cursor = row
    return Followed(account, region, name, documents.loads(document), cursor)


def hold(tx: Tx, flow: Listening, me: str) -> bool:
    """Whether the flow still listens and the node `me` asks its source; so it stays until the transaction ends."""
    return tx.row(sql.HOLD, id=flow.flow_id, since_ms=flow.since_ms, me=me) is not None


def release(tx: Tx, me: str) -> None:
    """Let other nodes ask the sources that `me` does."""
    tx.rows(sql.RELEASE, me=me)


def expire(tx: Tx) -> None:
    """Let any node ask any source, for a store that nobody else has open."""
    tx.rows(sql.EXPIRE)
