"""What is told of runs and flows, in the form of AppFlow's events on EventBridge.

Each function writes with the transaction that changes the run or the flow, so that what is told has happened. Where
nobody is to be told, none of them does anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from headrace.clock import from_ms
from headrace.model.states import State
from headrace.store import documents, outbox
from headrace.store.sql import reports as sql
from headrace.store.tx import Tx

_STATUS: Mapping[State, str] = {
    State.DONE: "Execution Successful",
    State.FAILED: "Execution Failed",
    State.CANCELLED: "Execution Canceled",
}
_DEACTIVATED = {"Scheduled": "AppFlow Scheduled Flow Deactivated", "Event": "AppFlow Event Flow Deactivated"}
# Members of connectors' properties that say what is read or written.
_OBJECTS = ("object", "entityName", "objectPath", "domainName")
_SAID = {
    "records-processed": "records processed",
    "records-filtered": "filtered",
    "record-failures": "failed",
}
_NOTHING: Mapping[str, Any] = {}
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "https://docs.aws.amazon.com/appflow/latest/userguide/flow-notifications.html")


class _Flow(NamedTuple):
    flow_id: str
    name: str
    arn: str
    account: str
    region: str
    created_by: str
    trigger_type: str
    status_message: str | None
    document: str


class _Run(NamedTuple):
    execution_id: str
    trigger: str
    state: str
    queued_ms: int
    started_ms: int | None
    finished_ms: int | None
    window_from_ms: int | None
    window_to_ms: int | None
    counts: str | None
    message: str | None


def put_start(tx: Tx, execution_id: str, *, now_ms: int) -> None:
    """Tell that a worker has begun the run."""
    if tx.reports_to:
        flow, run = _run(tx, execution_id)
        # Of what events start, AppFlow tells once in five minutes, at the end.
        if run.trigger != "event":
            _put(tx, flow, "AppFlow Start Flow Run Report", _of_run(run), of=execution_id, now_ms=now_ms)


def put_end(tx: Tx, execution_id: str, *, now_ms: int) -> None:
    """Tell how the run ended and what it counted."""
    if tx.reports_to:
        flow, run = _run(tx, execution_id)
        detail = {**_of_run(run), **_of_end(run)}
        kind = "AppFlow Event Flow Report" if run.trigger == "event" else "AppFlow End Flow Run Report"
        _put(tx, flow, kind, detail, of=execution_id, now_ms=now_ms)


def put_deactivation(tx: Tx, flow_id: str, *, now_ms: int) -> None:
    """Tell that headrace itself deactivated the flow, for the reason that its status message says."""
    if tx.reports_to:
        flow = _Flow(*tx.rows(sql.SELECT_FLOW, id=flow_id)[0])
        detail = {
            "trigger-type": flow.trigger_type.upper(),
            "deactivation-reason": flow.status_message or "",
            "deactivation-time": _instant(now_ms),
        }
        _put(tx, flow, _DEACTIVATED[flow.trigger_type], detail, of=f"{flow_id} {now_ms}", now_ms=now_ms)


def _run(tx: Tx, execution_id: str) -> tuple[_Flow, _Run]:
    row = tx.rows(sql.SELECT_RUN, id=execution_id)[0]
    width = len(_Flow._fields)
    return _Flow(*row[:width]), _Run(*row[width:])


def _put(tx: Tx, flow: _Flow, kind: str, detail: dict[str, str], *, of: str, now_ms: int) -> None:
    event = {
        "version": "0",
        "id": str(uuid.uuid5(_IDS, f"{kind} {of}")),
        "detail-type": kind,
        "source": "aws.appflow",
        "account": flow.account,
        "time": from_ms(now_ms).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": flow.region,
        "resources": [flow.arn],
        "detail": {**_of_flow(flow), **detail},
    }
    outbox.put(tx, flow.flow_id, event, now_ms=now_ms)


def _of_flow(flow: _Flow) -> dict[str, str]:
    document = documents.loads(flow.document)
    # With care: a report that can't be written must not keep a run from its end.
    source: dict[str, Any] = document.get("sourceFlowConfig", {})
    destinations: list[dict[str, Any]] = document.get("destinationFlowConfigList") or [{}]
    destination = destinations[0]
    return {
        "flow-name": flow.name,
        "created-by": flow.created_by,
        "flow-arn": flow.arn,
        "source": _connector(source),
        "destination": _connector(destination),
        "source-object": _object(source.get("sourceConnectorProperties", {})),
        "destination-object": _object(destination.get("destinationConnectorProperties", {})),
    }


def _of_run(run: _Run) -> dict[str, str]:
    detail = {
        "trigger-type": run.trigger.upper(),
        "execution-id": run.execution_id,
        "start-time": _instant(run.queued_ms if run.started_ms is None else run.started_ms),
    }
    if run.trigger == "scheduled" and run.window_from_ms is not None and run.window_to_ms is not None:
        detail["incremental-transfer-time-range"] = f"{_instant(run.window_from_ms)}/{_instant(run.window_to_ms)}"
    return detail


def _of_end(run: _Run) -> dict[str, str]:
    counts = documents.loads_or_none(run.counts) or {}
    state = State(run.state)
    detail = {
        "num-of-records-processed": str(counts.get("recordsRead", 0)),
        "num-of-records-filtered": str(sum(counts.get("dropped", {}).values())),
        "num-of-documents-processed": "0",
        "num-of-record-failures": str(counts.get("recordsRejected", 0)),
        "data-processed": str(counts.get("bytesRead", 0)),
        "status": _STATUS[state],
    }
    if run.finished_ms is not None:
        detail["end-time"] = _instant(run.finished_ms)
    if run.trigger == "event":
        detail["status-report"] = _sentence(detail)
    if state is State.FAILED:
        detail["error"] = run.message or ""
    return detail


def _sentence(detail: Mapping[str, str]) -> str:
    counted = (f"{detail[f'num-of-{name}']} {word}" for name, word in _SAID.items())
    return f"{detail['status']}: {', '.join(counted)}"


def _connector(end: Mapping[str, Any]) -> str:
    name, profile = end.get("connectorType", "").upper(), end.get("connectorProfileName")
    return f"{name}/{profile}" if profile else name


def _object(properties: Mapping[str, Mapping[str, Any]]) -> str:
    given = next(iter(properties.values()), _NOTHING)
    if bucket := given.get("bucketName"):
        prefix = given.get("bucketPrefix")
        return f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
    return next((str(given[name]) for name in _OBJECTS if given.get(name)), "")


def _instant(ms: int) -> str:
    return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z[UTC]")
