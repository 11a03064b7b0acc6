"""Beyond AppFlow's operations: a run with a window or filters of its own, and a flow's runs by id, status and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.clock import from_ms, to_ms
from headrace.errors import UnsupportedOperationException, ValidationException
from headrace.flow.plan import Plan, PlanFaults, plan
from headrace.flow.trigger import trigger_of
from headrace.flow.window import window_at
from headrace.model.shapes import Document
from headrace.model.states import SHOWN
from headrace.operations import pages, refusals, told
from headrace.operations.context import Answer, Context
from headrace.operations.idempotency import Retry
from headrace.operations.locks import hold_flow, hold_quota
from headrace.operations.starting import check_start
from headrace.store import execution_search, executions, schedules
from headrace.store.flows import FlowRow
from headrace.store.tx import Tx

START, LIST = "headrace:StartExecution", "headrace:ListExecutions"


@dataclass(frozen=True)
class Asked:
    """What a run reads: a window in milliseconds (None: everything), and what the flow itself does not say."""

    window: tuple[int, int] | None
    overrides: dict[str, Any] | None


def start_execution(context: Context, tx: Tx, request: Document) -> Answer:
    """Start a run of a flow, whatever its trigger; once for a token (invariant 7).

    `from` and `to` bound what is read by the time of change, `filters` are Filter tasks for this run alone,
    `fullRefresh` reads everything, `limit` ends the run with so many records that pass all filters. None of them:
    what a flow says, for one that is Incremental its next window, which then counts as read.
    """
    retry = Retry(context, START, request)
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    hold_quota(context, tx, "runs")
    hold_flow(context, tx, request["flowName"])
    flow = refusals.whole_flow(context, tx, request["flowName"])
    # Before the position is read: what has ended by now has moved it.
    is_running = executions.has_run(tx, flow.flow_id)
    asked = _asked(context, tx, flow, request)
    is_incremental = asked.window is not None and asked.overrides is None
    # Two that begin at one position would read the same.
    check_start(context, tx, flow.name, flow.arn, is_running=is_running, may_overlap=not is_incremental)
    answer = {"flowArn": flow.arn, "executionId": context.new_id()}
    start_ms, end_ms = asked.window or (None, None)
    executions.insert(
        tx,
        flow,
        execution_id=answer["executionId"],
        trigger="ondemand",
        now_ms=context.now_ms,
        window_from_ms=start_ms,
        window_to_ms=end_ms,
        overrides=asked.overrides,
    )
    retry.keep(tx, answer)
    return answer


def list_executions(context: Context, tx: Tx, request: Document) -> Answer:
    """The flow's runs, newest first: those of the `ids` and `statuses` given, queued from `from` on and before `to`."""
    flow = refusals.flow_head(context, tx, request["flowName"])
    states = [state.value for state, status in SHOWN.items() if status in request.get("statuses", SHOWN.values())]
    found = execution_search.search(
        tx,
        flow.flow_id,
        states=states,
        ids=request.get("ids"),
        from_ms=_ms(request.get("from")),
        to_ms=_ms(request.get("to")),
        before_sequence=pages.position(context, LIST, request),
        limit=pages.page_size(request) + 1,
    )
    page, more = pages.split(context, LIST, request, found, lambda execution: execution.sequence)
    return {"executions": told.told(tx, flow.flow_id, page), **more}


def _asked(context: Context, tx: Tx, flow: FlowRow, request: Document) -> Asked:
    if flow.trigger_type == "Event":
        raise UnsupportedOperationException(f"Flow {flow.name} runs when events come. Activate it with StartFlow.")
    start_ms, end_ms = _ms(request.get("from")), _ms(request.get("to"))
    is_bounded, filters = start_ms is not None or end_ms is not None, request.get("filters", [])
    is_full = request.get("fullRefresh", False)
    planned_with(flow, filters)
    if is_full and is_bounded:
        raise ValidationException("fullRefresh reads everything, from and to a part of it. Write one or the other.")
    window = (start_ms or 0, context.now_ms if end_ms is None else end_ms) if is_bounded else None
    if window is not None:
        check_order(*window)
    limit = {"limit": request["limit"]} if "limit" in request else {}
    if is_bounded or is_full or filters or limit:
        return Asked(window, {"filters": filters, **limit})
    return Asked(next_window(tx, flow, at_ms=context.now_ms), None)


def check_order(start_ms: int, end_ms: int) -> None:
    """Raise ValidationException unless a span of time begins before it ends."""
    if start_ms >= end_ms:
        raise ValidationException(
            f"from {from_ms(start_ms).isoformat()} is not before to {from_ms(end_ms).isoformat()}."
            " Write an earlier from; without a to it is now."
        )


def planned_with(flow: FlowRow, filters: list[Document]) -> Plan:
    """The plan of the flow with these filters.

    Raises ValidationException unless each is a Filter task with a comparison that the flow can be planned with.
    """
    count = len(flow.document["tasks"])
    wrong = [number for number, task in enumerate(filters) if not _is_comparison(task)]
    if wrong:
        raise ValidationException(f"filters[{wrong[0]}] is no Filter task with a comparison. Write nothing but those.")
    try:
        return plan({**flow.document, "tasks": [*flow.document["tasks"], *filters]})
    except PlanFaults as faults:
        note = f" The filters count from tasks[{count}] on." if filters else ""
        raise ValidationException(f"{faults.worded('Start')}.{note}") from None


def _is_comparison(task: Document) -> bool:
    return task["taskType"] == "Filter" and "PROJECTION" not in task.get("connectorOperator", {}).values()


def next_window(tx: Tx, flow: FlowRow, *, at_ms: int) -> tuple[int, int] | None:
    """The window that a tick of the flow would have at that instant; None: it reads everything."""
    read_until_ms = schedules.read_until_ms(tx, flow.flow_id)
    read_until = None if read_until_ms is None else from_ms(read_until_ms)
    window = window_at(trigger_of(flow.document), from_ms(at_ms), read_until=read_until)
    return None if window is None else (to_ms(window.start), to_ms(window.end))


def _ms(epoch_s: float | None) -> int | None:
    return None if epoch_s is None else milliseconds(epoch_s)


def milliseconds(epoch_s: float) -> int:
    """A timestamp of a request, as the store has instants."""
    return round(epoch_s * 1000)
