"""CreateFlow, UpdateFlow, DescribeFlow, ListFlows, DeleteFlow, StartFlow, StopFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.errors import ServiceQuotaExceededException, UnsupportedOperationException, ValidationException
from headrace.flow.plan import Plan, PlanFaults, plan
from headrace.flow.update import bumps_schema_version, check_update, updated
from headrace.model.shapes import Document
from headrace.operations import pages, refusals, schedules, shown, statuses
from headrace.operations.context import Answer, Context, SourceCheck
from headrace.operations.idempotency import Retry
from headrace.operations.locks import flow_arn, hold_flow, hold_quota
from headrace.operations.starting import check_start
from headrace.store import event_runs, events, executions, flows, tags
from headrace.store.flows import StartView
from headrace.store.store import Store
from headrace.store.tx import Tx

# AppFlow's quota of an account in a region; it holds with HEADRACE_LIMITS=aws only.
MOST_FLOWS = 1000
# Members of a request that are no part of the flow's document.
_APART = frozenset({"clientToken", "tags", "kmsArn"})

Work = Callable[[Tx], Answer]


def prepare_create(context: Context, store: Store, sources: SourceCheck, request: Document) -> Work:
    """Plan the flow and look at its source, which may be slow; the answer is CreateFlow's transaction.

    Raises ValidationException with every fault, ConnectorServerException if the source has nothing to read.
    """
    retry = Retry(context, "CreateFlow", request)
    kept = store.read(retry.answer).result()
    if kept is not None:
        return lambda _: kept
    planned = _planned(context, request, sources, "Create")
    return lambda tx: _create(context, tx, retry, request, planned)


def prepare_update(context: Context, store: Store, sources: SourceCheck, request: Document) -> Work:
    """As `prepare_create`, for UpdateFlow; also raises ResourceNotFoundException."""
    retry = Retry(context, "UpdateFlow", request)
    kept, before = store.read(lambda tx: _before_update(context, tx, retry, request)).result()
    if kept is not None:
        return lambda _: kept
    planned = _planned(context, request, sources, "Update", stored=before)
    return lambda tx: _update(context, tx, retry, request, planned)


def describe_flow(context: Context, tx: Tx, request: Document) -> Answer:
    flow = refusals.whole_flow(context, tx, request["flowName"])
    return shown.described(flow, tags.get(tx, flow.arn))


def list_flows(context: Context, tx: Tx, request: Document) -> Answer:
    """Flows by name; the order is ours, AppFlow documents none."""
    after = pages.position(context, "ListFlows", request) or ""
    caller, limit = context.caller, pages.page_size(request) + 1
    found = flows.list_page(tx, caller.account, caller.region, after=after, limit=limit)
    page, more = pages.split(context, "ListFlows", request, found, lambda flow: flow.name)
    return {"flows": [shown.listed(flow, tags.get(tx, flow.arn)) for flow in page], **more}


def delete_flow(context: Context, tx: Tx, request: Document) -> Answer:
    """Delete the flow and its records; data it wrote stays. An on-demand flow is always active, so that is no guard."""
    hold_flow(context, tx, request["flowName"])
    flow = refusals.flow_head(context, tx, request["flowName"])
    is_active = flow.trigger_type != "OnDemand" and flow.status == "Active"
    if not request.get("forceDelete", False) and (is_active or executions.has_active(tx, flow.flow_id)):
        raise refusals.conflict(
            f"Flow is in active state, please set forceDelete to true or deactivate the flow: {flow.name}"
        )
    event_runs.close_of_flow(tx, flow.flow_id, now_ms=context.now_ms)
    flows.delete_flow(tx, flow.flow_id)
    tags.delete_all(tx, flow.arn)
    return {}


def start_flow(context: Context, tx: Tx, request: Document) -> Answer:
    """Start a run of an on-demand flow, or activate a scheduled or event flow; once for a token (invariant 7)."""
    retry = Retry(context, "StartFlow", request)
    kept = retry.look(tx)
    if kept.answer is not None:
        return kept.answer
    name, caller = request["flowName"], context.caller
    hold_quota(context, tx, "runs")
    hold_flow(context, tx, name)
    flow = flows.start_view(tx, caller.account, caller.region, name)
    if flow is None:
        raise refusals.flow_not_found(name)
    # AppFlow takes a token that another flow used as new, but for flows that a trigger starts.
    if kept.is_used_otherwise and flow.trigger_type != "OnDemand":
        raise retry.used_otherwise()
    answer = _run(context, tx, name, flow) if flow.trigger_type == "OnDemand" else _activate(context, tx, name, flow)
    retry.keep(tx, answer)
    return answer


def stop_flow(context: Context, tx: Tx, request: Document) -> Answer:
    """Suspend a scheduled or event flow; one that is not active keeps its status. A run in progress goes on."""
    hold_flow(context, tx, request["flowName"])
    flow = refusals.flow_head(context, tx, request["flowName"])
    if flow.trigger_type == "OnDemand":
        raise UnsupportedOperationException(
            f"Flow {flow.name} runs on demand, so it can't be stopped. Cancel its runs with CancelFlowExecutions."
        )
    status = flow.status
    if status == "Active":
        status = "Suspended"
        flows.set_status(tx, flow.flow_id, status=status)
        # Whoever listens ends an execution that waits for events.
        tx.announce(events.TOPIC)
    return {"flowArn": flow.arn, "flowStatus": status}


def _planned(
    context: Context, request: Document, sources: SourceCheck, verb: str, *, stored: Document | None = None
) -> Plan:
    """The plan of the request; every fault of it, and of its changes to `stored`, in one ValidationException."""
    moved = () if stored is None else _faults(lambda: check_update(stored, request))
    try:
        planned = plan(request)
    except PlanFaults as faults:
        raise _refused(verb, (*moved, *faults.faults)) from None
    missing = sources.missing(planned)
    if found := (*moved, *(() if missing is None else (missing,))):
        raise _refused(verb, found)
    sources.check(planned, context.caller.account, context.caller.region)
    return planned


def _faults(check: Callable[[], None]) -> tuple[str, ...]:
    try:
        check()
    except PlanFaults as faults:
        return faults.faults
    return ()


def _refused(verb: str, faults: tuple[str, ...]) -> ValidationException:
    return ValidationException(PlanFaults(faults).worded(verb))


def _create(context: Context, tx: Tx, retry: Retry, request: Document, planned: Plan) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    caller, name = context.caller, request["flowName"]
    hold_quota(context, tx, "flows")
    hold_flow(context, tx, name)
    if flows.head(tx, caller.account, caller.region, name) is not None:
        raise refusals.flow_exists(name)
    _check_flow_quota(context, tx)
    arn = flow_arn(context, name)
    status = statuses.first(planned.trigger.trigger_type)
    flows.insert(
        tx,
        flow_id=context.new_id(),
        account=caller.account,
        region=caller.region,
        name=name,
        arn=arn,
        trigger_type=planned.trigger.trigger_type,
        failure_threshold=planned.trigger.failure_threshold,
        status=status,
        kms_arn=request.get("kmsArn"),
        document=_document(request),
        by=caller.arn,
        now_ms=context.now_ms,
    )
    tags.put(tx, arn, request.get("tags", {}))
    answer = {"flowArn": arn, "flowStatus": status}
    retry.keep(tx, answer)
    return answer


def _check_flow_quota(context: Context, tx: Tx) -> None:
    caller = context.caller
    if context.has_limits and flows.count(tx, caller.account, caller.region) >= MOST_FLOWS:
        raise ServiceQuotaExceededException(
            f"The account {caller.account} has {MOST_FLOWS} flows in {caller.region}, as many as AppFlow allows."
            " Delete one, or start headrace without HEADRACE_LIMITS=aws."
        )


def _before_update(context: Context, tx: Tx, retry: Retry, request: Document) -> tuple[Answer | None, dict[str, Any]]:
    """The answer of an earlier call with the token, and the document as it stands."""
    kept = retry.answer(tx)
    if kept is not None:
        return kept, {}
    return None, refusals.whole_flow(context, tx, request["flowName"]).document


def _update(context: Context, tx: Tx, retry: Retry, request: Document, planned: Plan) -> Answer:
    kept = retry.answer(tx)
    if kept is not None:
        return kept
    hold_flow(context, tx, request["flowName"])
    flow = refusals.whole_flow(context, tx, request["flowName"])
    document = updated(flow.document, request)
    # The flow may have been deleted and made anew since it was planned.
    if moved := _faults(lambda: check_update(flow.document, request)):
        raise _refused("Update", moved)
    status, message = statuses.after_update(flow, planned.trigger.trigger_type)
    is_done = flows.update(
        tx,
        flow,
        trigger_type=planned.trigger.trigger_type,
        failure_threshold=planned.trigger.failure_threshold,
        status=status,
        status_message=message,
        schema_version=flow.schema_version + int(bumps_schema_version(flow.document, document)),
        document=document,
        by=context.caller.arn,
        now_ms=context.now_ms,
    )
    if not is_done:
        raise refusals.conflict(f"Flow {flow.name} is being updated by another request. Try again")
    schedules.update(tx, flow, planned.trigger, status, context.now_ms)
    answer = {"flowStatus": status}
    retry.keep(tx, answer)
    return answer


def _run(context: Context, tx: Tx, name: str, flow: StartView) -> Answer:
    check_start(context, tx, name, flow.arn, is_running=bool(flow.is_running))
    execution_id = context.new_id()
    executions.insert(tx, flow, execution_id=execution_id, trigger="ondemand", now_ms=context.now_ms)
    return {"flowArn": flow.arn, "flowStatus": flow.status, "executionId": execution_id}


def _activate(context: Context, tx: Tx, name: str, flow: StartView) -> Answer:
    """Activate the flow; one that is active stays so (decision 15)."""
    if flow.status != "Active":
        schedules.activate(tx, refusals.whole_flow(context, tx, name), context.now_ms)
    return {"flowArn": flow.arn, "flowStatus": "Active"}


def _document(request: Document) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _APART}
