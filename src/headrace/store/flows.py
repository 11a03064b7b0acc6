"""Flows and the revisions of their documents.

A flow is found by account, region and name. Each change of its document is a new revision; an execution runs
the revision it was started with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from headrace.model.states import State
from headrace.store import documents
from headrace.store.sql import flows as sql
from headrace.store.tx import Row, Tx


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest execution of a flow, running or not; `started_ms` is when it was queued until it starts."""

    execution_id: str
    started_ms: int
    state: State
    message: str | None


class StartView(NamedTuple):
    """What decides about starting a flow; `is_running` is 1 while an execution of it has not finished that is no slice
    of a backfill and does not wait for events, else 0.
    """

    flow_id: str
    arn: str
    trigger_type: str
    status: str
    revision: int
    is_running: int


@dataclass(frozen=True, slots=True)
class FlowHead:
    """A flow without its document; `kms_arn` is None where the caller gave none.

    `failure_threshold` is after how many failures in a row a scheduled or event flow is suspended, None: never.
    """

    flow_id: str
    account: str
    region: str
    name: str
    arn: str
    revision: int
    trigger_type: str
    failure_threshold: int | None
    status: str
    status_message: str | None
    schema_version: int
    kms_arn: str | None
    created_ms: int
    created_by: str
    updated_ms: int
    updated_by: str
    failures_in_a_row: int


@dataclass(frozen=True, slots=True)
class FlowRow(FlowHead):
    """A flow, its current document, its tags apart; `last_run` is None before the first run."""

    document: dict[str, Any]
    last_run: LastRun | None


def head(tx: Tx, account: str, region: str, name: str) -> FlowHead | None:
    """The flow without its document: cheap, however long its task list is."""
    row = tx.row(sql.SELECT_HEAD, account=account, region=region, name=name)
    return None if row is None else FlowHead(*row)


def start_view(tx: Tx, account: str, region: str, name: str) -> StartView | None:
    """What StartFlow reads, in one statement: it is called most."""
    row = tx.row(sql.SELECT_START, account=account, region=region, name=name)
    return None if row is None else StartView(*row)


def get(tx: Tx, account: str, region: str, name: str) -> FlowRow | None:
    row = tx.row(sql.SELECT_WHOLE, account=account, region=region, name=name)
    return None if row is None else _flow(row)


def list_page(tx: Tx, account: str, region: str, *, after: str, limit: int) -> list[FlowRow]:
    """At most `limit` flows whose names sort after `after` ("" for the first page), by name in code point order."""
    rows = tx.rows(sql.SELECT_PAGE, account=account, region=region, after=after, limit=limit)
    return [_flow(row) for row in rows]


def count(tx: Tx, account: str, region: str) -> int:
    row = tx.row(sql.COUNT, account=account, region=region)
    return 0 if row is None else int(row[0])


def insert(
    tx: Tx,
    *,
    flow_id: str,
    account: str,
    region: str,
    name: str,
    arn: str,
    trigger_type: str,
    failure_threshold: int | None,
    status: str,
    kms_arn: str | None,
    document: dict[str, Any],
    by: str,
    now_ms: int,
) -> None:
    """Add a flow at revision and schema version 1. The name must be free: look first, in the same transaction."""
    tx.row(
        sql.INSERT,
        flow_id=flow_id,
        account=account,
        region=region,
        name=name,
        arn=arn,
        revision=1,
        trigger_type=trigger_type,
        failure_threshold=failure_threshold,
        status=status,
        status_message=None,
        schema_version=1,
        kms_arn=kms_arn,
        created_ms=now_ms,
        created_by=by,
        updated_ms=now_ms,
        updated_by=by,
    )
    _insert_revision(tx, flow_id, 1, 1, document)


def update(
    tx: Tx,
    flow: FlowHead,
    *,
    trigger_type: str,
    failure_threshold: int | None,
    status: str,
    status_message: str | None,
    schema_version: int,
    document: dict[str, Any],
    by: str,
    now_ms: int,
) -> bool:
    """Give the flow a new document; False if somebody else did since `flow` was read.

    Earlier revisions that no kept execution ran are dropped.
    """
    revision = flow.revision + 1
    changed = tx.row(
        sql.UPDATE,
        id=flow.flow_id,
        old_revision=flow.revision,
        revision=revision,
        trigger_type=trigger_type,
        failure_threshold=failure_threshold,
        status=status,
        status_message=status_message,
        schema_version=schema_version,
        updated_ms=now_ms,
        updated_by=by,
    )
    if changed is None:
        return False
    _insert_revision(tx, flow.flow_id, revision, schema_version, document)
    tx.rows(sql.DELETE_OLD_REVISIONS, id=flow.flow_id, kept=revision)
    return True


def naming_profile(tx: Tx, account: str, region: str, profile: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Names of the flows that name the connector profile, in order, each with the ends that do.

    An end is an element of the document: its source or one of its destinations.
    """
    # As `documents.dumps` writes it: the database leaves out nearly every document that need not be parsed.
    member = documents.dumps({"connectorProfileName": profile})[1:-1]
    pattern = "%" + "".join(f"|{letter}" if letter in "|%_" else letter for letter in member) + "%"
    rows = tx.rows(sql.SELECT_HOLDING, account=account, region=region, pattern=pattern)
    found = [(name, _ends_with(documents.loads(document), profile)) for name, document in rows]
    return [(name, ends) for name, ends in found if ends]


def set_status(tx: Tx, flow_id: str, *, status: str, message: str | None = None, forget_failures: bool = False) -> None:
    """Set the flow's status and its message; its schedule ends, until `schedules.schedule` begins it.

    `forget_failures` counts the failures in a row from 0 again.
    """
    tx.rows(sql.SET_STATUS, id=flow_id, status=status, message=message, forget=int(forget_failures))


def delete_flow(tx: Tx, flow_id: str) -> bool:
    """Delete the flow with its revisions, executions and splits; False if there is none.

    A worker that holds one of its executions finds its lease gone, so it is told to look. Tags are the
    caller's to delete (`tags.delete_all`).
    """
    deleted = tx.row(sql.DELETE, id=flow_id) is not None
    if deleted:
        tx.announce("executions")
    return deleted


def _ends_with(document: dict[str, Any], profile: str) -> list[dict[str, Any]]:
    ends: list[dict[str, Any]] = [document["sourceFlowConfig"], *document["destinationFlowConfigList"]]
    return [end for end in ends if end.get("connectorProfileName") == profile]


def _insert_revision(tx: Tx, flow_id: str, revision: int, schema_version: int, document: dict[str, Any]) -> None:
    tx.rows(
        sql.INSERT_REVISION,
        flow_id=flow_id,
        revision=revision,
        schema_version=schema_version,
        document=documents.dumps(document),
    )


def _flow(row: Row) -> FlowRow:
    width = len(FlowHead.__dataclass_fields__)
    document, execution_id, started_ms, state, message = row[width:]
    last_run = None if execution_id is None else LastRun(execution_id, started_ms, State(state), message)
    return FlowRow(*row[:width], document=documents.loads(document), last_run=last_run)
