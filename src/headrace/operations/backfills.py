"""Beyond AppFlow's operations: a span of time read in slices, each an execution, shown and steered as one thing."""

from __future__ import annotations

from collections.abc import Callable

from headrace.clock import from_ms, to_ms
from headrace.errors import ResourceNotFoundException, UnsupportedOperationException, ValidationException
from headrace.model.shapes import Document
from headrace.operations import pages, refusals
from headrace.operations.backfills_shown import shown
from headrace.operations.context import Answer, Context, SourceCheck
from headrace.operations.idempotency import Retry
from headrace.operations.locks import hold_flow, hold_quota
from headrace.operations.runs import check_order, milliseconds, planned_with
from headrace.operations.starting import check_start
from headrace.slicing import Slices, parse_every
from headrace.store import backfills, executions
from headrace.store.backfills import Backfill, Phase
from headrace.store.flows import FlowRow
from headrace.store.store import Store
from headrace.store.tx import Tx

START, DESCRIBE = "headrace:StartBackfill", "headrace:DescribeBackfill"
LIST, LIST_OF_FLOW = "headrace:ListBackfills", "headrace:ListBackfillsOfFlow"
CANCEL, RESUME = "headrace:CancelBackfill", "headrace:ResumeBackfill"
DEFAULT_EVERY, DEFAULT_PARALLEL = "1d", 4
# A mistake rather than a wish: 11 years of hours are fewer.
MOST_SLICES = 100_000
# A caller's clock may be so far ahead: then its present is ours.
_CLOCKS_APART_MS = 60_000


def prepare_start(context: Context, store: Store, sources: SourceCheck, request: Document) -> Callable[[Tx], Answer]:
    """Look whether the flow can read windows of time, which may be slow; the answer is the transaction that starts.

    Raises what `start_execution` and CreateFlow do.
    """
    retry = Retry(context, START, request)
    kept = store.read(retry.answer).result()
    if kept is not None:
        return lambda _: kept
    flow = store.read(lambda tx: _flow(context, tx, request)).result()
    slices = _slices(context, request)
    planned = planned_with(flow, request.get("filters", []))
    missing = sources.missing(planned)
    if missing is not None:
        raise ValidationException(missing)
    sources.check_window(planned, context.caller.account, context.caller.region)
    return lambda tx: _start(context, tx, retry, request, slices)


def describe_backfill(context: Context, tx: Tx, request: Document) -> Answer:
    """The backfill, what became of its slices, and the first that failed."""
    return shown(tx, _found(context, tx, request, backfills.find), now_ms=context.now_ms, has_failures=True)


def list_backfills(context: Context, tx: Tx, request: Document) -> Answer:
    """Backfills of the flow, or of all flows where none is named; newest first."""
    operation, name, caller = LIST_OF_FLOW if "flowName" in request else LIST, request.get("flowName"), context.caller
    flow_id = None if name is None else refusals.flow_head(context, tx, name).flow_id
    before = pages.position(context, operation, request)
    limit = pages.page_size(request) + 1
    found = backfills.page(tx, caller.account, caller.region, flow_id=flow_id, before=before, limit=limit)
    page, more = pages.split(context, operation, request, found, lambda each: [each.created_ms, each.backfill_id])
    return {"backfills": [shown(tx, each, now_ms=context.now_ms) for each in page], **more}


def cancel_backfill(context: Context, tx: Tx, request: Document) -> Answer:
    """Queue no more slices and cancel those that go on; what is done stays."""
    hold_flow(context, tx, request["flowName"])
    backfill = _found(context, tx, request, backfills.find_held)
    if backfill.finished_ms is not None:
        raise refusals.conflict(f"Backfill {backfill.flow_name}/{backfill.number} has ended: nothing of it goes on")
    stop(tx, backfill, now_ms=context.now_ms)
    return describe_backfill(context, tx, request)


def resume_backfill(context: Context, tx: Tx, request: Document) -> Answer:
    """Run the slices that failed, were cancelled or never ran; those that succeeded stay as they are."""
    hold_quota(context, tx, "runs")
    hold_flow(context, tx, request["flowName"])
    _flow(context, tx, request)
    backfill = _found(context, tx, request, backfills.find_held)
    name = f"{backfill.flow_name}/{backfill.number}"
    going_on = len(backfills.active(tx, backfill))
    if backfill.phase is Phase.CANCELLED and going_on:
        raise refusals.conflict(
            f"Backfill {name} is still being cancelled: {going_on} of its slices have not ended. Try again soon"
        )
    if backfills.is_done(tx, backfill):
        raise refusals.conflict(f"Every slice of backfill {name} was successful: there is nothing to run again")
    check_start(context, tx, backfill.flow_name, "", is_running=False)
    backfills.resume(tx, backfill, now_ms=context.now_ms)
    return describe_backfill(context, tx, request)


def stop(tx: Tx, backfill: Backfill, *, now_ms: int) -> None:
    """Cancel a backfill that is held."""
    for execution_id in backfills.cancel(tx, backfill, now_ms=now_ms):
        executions.cancel(tx, execution_id, now_ms=now_ms)


def _flow(context: Context, tx: Tx, request: Document) -> FlowRow:
    flow = refusals.whole_flow(context, tx, request["flowName"])
    if flow.trigger_type == "Event":
        raise UnsupportedOperationException(f"Flow {flow.name} runs when events come: it reads no windows of time.")
    return flow


def _slices(context: Context, request: Document) -> Slices:
    """What is asked for, cut. Raises ValidationException."""
    start_ms = milliseconds(request["from"])
    end_ms = _end_ms(context, request)
    check_order(start_ms, end_ms)
    try:
        slices = Slices(from_ms(start_ms), from_ms(end_ms), parse_every(request.get("every", DEFAULT_EVERY)))
    except ValueError as fault:
        raise ValidationException(f"every: {fault}") from None
    if len(slices) > MOST_SLICES:
        raise ValidationException(
            f"That would be {len(slices)} slices, and at most {MOST_SLICES} are taken. Write a longer every."
        )
    return slices


def _end_ms(context: Context, request: Document) -> int:
    """Where the last slice ends: a slice that reads what is yet to come would be done without it."""
    now_ms = context.now_ms
    if "to" not in request:
        return now_ms
    end_ms = milliseconds(request["to"])
    if end_ms > now_ms + _CLOCKS_APART_MS:
        raise ValidationException(
            f"to {from_ms(end_ms).isoformat()} is in the future, and what comes until then can't be read yet: it is"
            f" {from_ms(now_ms).isoformat()}. Leave to out to read until now."
        )
    return min(end_ms, now_ms)


def _start(context: Context, tx: Tx, retry: Retry, request: Document, slices: Slices) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    hold_quota(context, tx, "runs")
    hold_flow(context, tx, request["flowName"])
    flow = _flow(context, tx, request)
    check_start(context, tx, flow.name, flow.arn, is_running=False)
    number = backfills.start(
        tx,
        flow.flow_id,
        backfill_id=context.new_id(),
        from_ms=to_ms(slices.start),
        to_ms=to_ms(slices.end),
        every=request.get("every", DEFAULT_EVERY),
        slice_count=len(slices),
        parallel=request.get("parallel", DEFAULT_PARALLEL),
        stops_on_failure=request.get("stopOnFailure", False),
        filters=request.get("filters", []),
        by=context.caller.arn,
        now_ms=context.now_ms,
    )
    answer = describe_backfill(context, tx, {"flowName": flow.name, "number": str(number)})
    retry.keep(tx, answer)
    return answer


def _found(context: Context, tx: Tx, request: Document, find: Callable[[Tx, str, int], Backfill | None]) -> Backfill:
    flow = refusals.flow_head(context, tx, request["flowName"])
    found = find(tx, flow.flow_id, int(request["number"]))
    if found is None:
        raise ResourceNotFoundException(f"Backfill {flow.name}/{request['number']} not found.")
    return found
