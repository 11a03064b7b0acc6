"""Flows and executions for tests of the store, and a patient `done`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from headrace.store import executions, flows, tags
from headrace.store.executions import Claim, Execution
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S

T = TypeVar("T")
ACCOUNT, REGION = "000000000000", "us-east-1"
DOCUMENT: dict[str, Any] = {"flowName": "orders", "tasks": [{"z": 1, "a": "é\u0000\ud800"}]}


def done(future: Future[T]) -> T:
    return future.result(timeout=PATIENCE_S)


def write(store: Store, work: Callable[[Tx], T]) -> T:
    return done(store.write(work))


def read(store: Store, work: Callable[[Tx], T]) -> T:
    return done(store.read(work))


class Undone(Exception):
    """What a work raises to have its changes undone."""


def keep(tx: Tx, key: str) -> str:
    tags.put(tx, "arn", {key: key})
    return key


def kept(store: Store) -> set[str]:
    return set(read(store, lambda tx: tags.get(tx, "arn")))


def keep_and_fail(tx: Tx, key: str) -> None:
    keep(tx, key)
    raise Undone


def add_flow(
    tx: Tx, name: str = "orders", *, trigger_type: str = "OnDemand", threshold: int | None = None, **others: Any
) -> None:
    given: dict[str, Any] = {
        "flow_id": f"id of {name}",
        "account": ACCOUNT,
        "region": REGION,
        "name": name,
        "arn": f"arn:aws:appflow:{REGION}:{ACCOUNT}:flow/{name}",
        "trigger_type": trigger_type,
        "failure_threshold": threshold,
        "status": "Active",
        "kms_arn": None,
        "document": DOCUMENT,
        "by": "someone",
        "now_ms": 1000,
    }
    flows.insert(tx, **(given | others))


def queue(tx: Tx, execution_id: str, *, flow: str = "orders", now_ms: int = 2000, **others: Any) -> None:
    head = flows.head(tx, ACCOUNT, REGION, flow)
    assert head is not None
    given: dict[str, Any] = {"execution_id": execution_id, "trigger": "ondemand", "now_ms": now_ms}
    executions.insert(tx, head, **(given | others))


def take(tx: Tx, *, owner: str = "worker", now_ms: int = 3000, limit: int = 1, lease_ms: int = 1000) -> list[Claim]:
    return executions.claim(tx, owner=owner, now_ms=now_ms, lease_until_ms=now_ms + lease_ms, limit=limit)


def one(store: Store, execution_id: str) -> Execution:
    found = read(store, lambda tx: executions.get(tx, execution_id))
    assert found is not None
    return found
