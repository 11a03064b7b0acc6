"""Beyond AppFlow's operations: where an incremental flow goes on, shown and set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.clock import from_ms
from headrace.errors import ValidationException
from headrace.flow.plan import Plan, PlanFaults, plan
from headrace.flow.position import source_of
from headrace.flow.trigger import trigger_of
from headrace.model.shapes import Document
from headrace.operations import refusals
from headrace.operations.context import Answer, Context, SourceCheck
from headrace.operations.locks import hold_flow
from headrace.operations.runs import milliseconds, next_window
from headrace.operations.shown import seconds
from headrace.store import bookmarks, executions, schedules
from headrace.store.bookmarks import Bookmark
from headrace.store.flows import FlowRow
from headrace.store.store import Store
from headrace.store.tx import Tx

DESCRIBE, SET = "headrace:DescribePosition", "headrace:SetPosition"
_WAYS = ("readUntil", "bookmark", "clear")


def describe_position(context: Context, tx: Tx, request: Document) -> Answer:
    """Where the flow goes on: where its last successful window ended, or the bookmark that its source gave."""
    flow = refusals.whole_flow(context, tx, request["flowName"])
    answer = {
        "flowName": flow.name,
        "flowStatus": flow.status,
        "triggerType": flow.trigger_type,
        "failuresInARow": flow.failures_in_a_row,
        "nextTick": _seconds(schedules.next_fire_ms(tx, flow.flow_id)),
        **(_position(context, tx, flow) if _is_incremental(flow) else {"kind": "none"}),
    }
    return {name: value for name, value in answer.items() if value is not None}


def prepare_set(context: Context, store: Store, sources: SourceCheck, request: Document) -> Callable[[Tx], Answer]:
    """Ask the source what it goes by, which may be slow; the answer is the transaction that sets the position.

    Raises ValidationException for what the flow does not go by, what CreateFlow does where the source can't say.
    """
    _check_way(context, request)
    flow = store.read(lambda tx: refusals.whole_flow(context, tx, request["flowName"])).result()
    planned = _planned(flow)
    has_bookmarks = sources.keeps_place(planned, context.caller.account, context.caller.region)
    if "bookmark" in request and not has_bookmarks:
        raise ValidationException(f"The source of flow {flow.name} gives no bookmarks. Set an instant instead.")
    if "readUntil" in request and has_bookmarks:
        raise ValidationException(
            f"The source of flow {flow.name} says by bookmarks where to go on. Set one, or clear the position."
        )
    return lambda tx: _set(context, tx, request, planned, flow)


def _check_way(context: Context, request: Document) -> None:
    given = [name for name in _WAYS if name in request and request[name] is not False]
    if len(given) != 1:
        raise ValidationException(f"Write one of {', '.join(_WAYS)}, not {' and '.join(given) or 'none'}.")
    if "readUntil" in request and milliseconds(request["readUntil"]) > context.now_ms:
        raise ValidationException(
            f"readUntil {_told(request['readUntil'])} lies ahead: what comes before it would never be read."
            " Write an instant that has passed."
        )


def _set(context: Context, tx: Tx, request: Document, planned: Plan, before: FlowRow) -> Answer:
    hold_flow(context, tx, request["flowName"])
    flow = refusals.whole_flow(context, tx, request["flowName"])
    if (flow.flow_id, flow.revision) != (before.flow_id, before.revision):
        raise refusals.conflict(f"Flow {flow.name} is being updated by another request. Try again")
    read_until = milliseconds(request["readUntil"]) if "readUntil" in request else None
    schedules.set_read_until(tx, flow.flow_id, read_until)
    source = source_of(planned)
    is_marked = "bookmark" in request and source is not None
    bookmarks.replace(tx, flow.flow_id, Bookmark(source, request["bookmark"]) if is_marked and source else None)
    # After the row is held: a run that goes on would move the position when it ends.
    if executions.has_run(tx, flow.flow_id):
        raise refusals.conflict(
            f"Flow {flow.name} is running, and the end of its run would move the position. Wait for it, or cancel it"
        )
    return describe_position(context, tx, request)


def _planned(flow: FlowRow) -> Plan:
    if not _is_incremental(flow):
        is_heard = flow.trigger_type == "Event"
        read = "what events name" if is_heard else "everything"
        once = "" if is_heard else " To read a window once: headrace start-flow --from, or headrace backfill."
        raise ValidationException(
            f"Flow {flow.name} keeps no position: each of its runs reads {read}. A flow that has one is Scheduled"
            f" with dataPullMode Incremental.{once}"
        )
    try:
        return plan(flow.document)
    except PlanFaults as faults:
        raise ValidationException(faults.worded("Update")) from None


def _is_incremental(flow: FlowRow) -> bool:
    return flow.trigger_type == "Scheduled" and trigger_of(flow.document).pull_mode == "Incremental"


def _position(context: Context, tx: Tx, flow: FlowRow) -> dict[str, Any]:
    kept = bookmarks.get(tx, flow.flow_id)
    if kept is not None and kept.source == source_of(plan(flow.document)):
        return {"kind": "bookmark", "bookmark": kept.text}
    tick_ms = schedules.next_fire_ms(tx, flow.flow_id)
    window = next_window(tx, flow, at_ms=max(context.now_ms, tick_ms or 0))
    ends = () if window is None else zip(("from", "to"), map(seconds, window), strict=True)
    return {
        "kind": "window",
        "readUntil": _seconds(schedules.read_until_ms(tx, flow.flow_id)),
        "nextWindow": dict(ends),
    }


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else seconds(ms)


def _told(epoch_s: float) -> str:
    return from_ms(milliseconds(epoch_s)).isoformat()
