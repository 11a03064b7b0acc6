"""Beyond AppFlow's operations: the rejected records of an execution are run again."""

from __future__ import annotations

from typing import Any

from headrace.connector_sdk.kept_rejects import Kept
from headrace.errors import ConflictException, ResourceNotFoundException, ValidationException
from headrace.flow.plan import PlanFaults, plan
from headrace.model.shapes import Document
from headrace.model.states import FINISHED, State
from headrace.operations import refusals
from headrace.operations.context import Answer, Context
from headrace.operations.idempotency import Retry
from headrace.operations.locks import hold_flow, hold_quota
from headrace.operations.starting import check_start
from headrace.store import executions, rejects
from headrace.store.executions import Execution
from headrace.store.flows import FlowRow
from headrace.store.tx import Tx

RETRY = "headrace:RetryRejects"


def retry_rejects(context: Context, tx: Tx, request: Document) -> Answer:
    """Start an execution of the flow, as it is now, over exactly the records that another one rejected; once a token.

    Each record is to be run again once only: what one retry rejects again are rejects of that retry. `again`: even so.
    """
    retry = Retry(context, RETRY, request)
    answered = retry.answer(tx)
    if answered is not None:
        return answered
    hold_quota(context, tx, "runs")
    hold_flow(context, tx, request["flowName"])
    flow = refusals.whole_flow(context, tx, request["flowName"])
    first = _retriable(tx, flow, request["executionId"])
    _check_earlier(tx, flow, first.execution_id, is_again=request.get("again", False))
    overrides = _overrides(first)
    _check_plan(flow, overrides["filters"])
    is_running = executions.has_run(tx, flow.flow_id)
    check_start(context, tx, flow.name, flow.arn, is_running=is_running)
    answer = {"flowArn": flow.arn, "executionId": context.new_id()}
    executions.insert(
        tx,
        flow,
        execution_id=answer["executionId"],
        trigger="ondemand",
        now_ms=context.now_ms,
        overrides=overrides,
    )
    retry.keep(tx, answer)
    return answer


def _retriable(tx: Tx, flow: FlowRow, execution_id: str) -> Execution:
    """The execution, if its rejects are all that is left of it to be done."""
    found = executions.get(tx, execution_id)
    if found is None or found.flow_id != flow.flow_id:
        raise ResourceNotFoundException(f"Flow {flow.name} has no execution {execution_id}.")
    if found.state not in FINISHED:
        raise ConflictException(f"The execution {execution_id} has not ended. Its rejects can be retried then.")
    kept: Kept | None = rejects.get(tx, execution_id)
    if kept is None:
        raise ValidationException(f"The execution {execution_id} has no rejected records to retry.")
    if not kept.is_whole:
        raise ValidationException(
            f"The execution {execution_id} ended before all its records were written, so a retry of those it rejected"
            " would leave out the others. Start the flow again."
        )
    return found


def _check_earlier(tx: Tx, flow: FlowRow, execution_id: str, *, is_again: bool) -> None:
    for earlier in executions.retries(tx, flow.flow_id, execution_id):
        if earlier.state not in FINISHED:
            raise ConflictException(f"The rejects of {execution_id} are being retried by {earlier.execution_id}.")
        if _has_written(earlier) and not is_again:
            raise ConflictException(
                f"The rejects of {execution_id} were retried by {earlier.execution_id}, and records would be written"
                f" twice. What that rejected again are its own rejects: retry those. With again, all are run once more."
            )


def _has_written(earlier: Execution) -> bool:
    """Whether anything of it is at the destination, or may be."""
    counts: Document = earlier.counts or {}
    return earlier.state is State.DONE or earlier.commit_ms is not None or counts.get("bytesWritten", 0) > 0


def _overrides(first: Execution) -> dict[str, Any]:
    """What the first one was asked for holds for its rejects, too: lines that could not be read were never filtered."""
    return {"filters": (first.overrides or {}).get("filters", []), "retryOf": first.execution_id}


def _check_plan(flow: FlowRow, filters: list[Document]) -> None:
    try:
        plan({**flow.document, "tasks": [*flow.document["tasks"], *filters]})
    except PlanFaults as faults:
        raise ValidationException(faults.worded("Start")) from None
