"""DescribeFlowExecutionRecords and CancelFlowExecutions."""

from __future__ import annotations

from headrace.model.shapes import Document
from headrace.operations import pages, refusals, shown
from headrace.operations.context import Answer, Context
from headrace.store import backfills, executions
from headrace.store.tx import Tx

_RECORDS = "DescribeFlowExecutionRecords"


def describe_flow_execution_records(context: Context, tx: Tx, request: Document) -> Answer:
    """The flow's runs, newest first (decision 18); one that was just started is there at once."""
    flow = refusals.flow_head(context, tx, request["flowName"])
    before = pages.position(context, _RECORDS, request)
    found = executions.page(tx, flow.flow_id, before_sequence=before, limit=pages.page_size(request) + 1)
    page, more = pages.split(context, _RECORDS, request, found, lambda execution: execution.sequence)
    return {"flowExecutions": [shown.recorded(execution) for execution in page], **more}


def cancel_flow_executions(context: Context, tx: Tx, request: Document) -> Answer:
    """Cancel the named runs, or all of the flow's that go on where none are named, backfills with them.

    The answer names those that can't be cancelled: unknown, of another flow, finished, or already making their
    output visible.
    """
    flow, now_ms = refusals.flow_head(context, tx, request["flowName"]), context.now_ms
    # A slice that is cancelled alone makes room for the next one.
    for backfill in backfills.hold_running(tx, flow.flow_id):
        if "executionIds" not in request:
            backfills.cancel(tx, backfill, now_ms=now_ms)
    running = [execution.execution_id for execution in executions.active(tx, flow.flow_id)]
    wanted: list[str] = list(dict.fromkeys(request.get("executionIds", running)))
    own = set(running)
    invalid = [each for each in wanted if each not in own or not executions.cancel(tx, each, now_ms=now_ms)]
    return {"invalidExecutions": invalid}
