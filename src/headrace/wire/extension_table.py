"""Everything to ask for under /headrace/v1, one row each: to add something, add a row here and run it in `dispatch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headrace.operations import (
    backfills,
    explains,
    logged,
    plans,
    positions,
    previews,
    record_events,
    rejects,
    retries,
    runs,
)

# What stands for a part of a path, and the shape of it.
LABELS: Mapping[str, str] = {"flowName": "FlowName", "executionId": "ExecutionId", "number": "BackfillNumber"}
DESCRIBE = "headrace:DescribeInterface"


class Asked(NamedTuple):
    """A member of a request: `shape` names one of `model.beyond.ALL`. `is_list`: in a query, several, with commas."""

    shape: str
    about: str
    is_list: bool = False
    is_required: bool = False


class Row(NamedTuple):
    """One thing to ask for.

    `name` is what runs it in `operations.dispatch`, `permission` the operation of AppFlow's that a policy has to allow
    (None: any caller may), or an action of headrace's own. `members` stand in the query of a GET or DELETE, in the JSON
    body of other methods, and reach the operation together with the labels of the path. `answer` names a shape,
    `errors` those modelled errors that every row does not have.
    """

    name: str
    method: str
    path: str
    permission: str | None
    about: str
    answer: str
    members: Mapping[str, Asked] = {}
    errors: tuple[str, ...] = ()
    # Of an answer that is no JSON and comes in `blocks`.
    media: str | None = None
    status: int = 200
    # Of a body that is no JSON object of members, and of headers that say something of it.
    takes: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}

    @property
    def has_body(self) -> bool:
        """Whether the members are those of a JSON object."""
        return self.method not in {"GET", "DELETE"}


_NOT_THERE = "ResourceNotFoundException"
_PAGED: Mapping[str, Asked] = {
    "maxResults": Asked("MaxResults", "The most to answer at a time."),
    "nextToken": Asked("NextToken", "Go on where the answer that held this token ended."),
}

_FLOW: Mapping[str, Asked] = {
    "flow": Asked("FlowDocument", "The document, as CreateFlow takes it, which a policy then has to allow, too."),
    "flowName": Asked("FlowName", "Or the name of a flow that is there."),
}

_WINDOW: Mapping[str, Asked] = {
    "from": Asked("Date", "Of what changed then or later."),
    "to": Asked("Date", "Of what changed before; without it now."),
}

_EXECUTION = "/flows/{flowName}/executions/{executionId}"

ROWS: tuple[Row, ...] = (
    Row(
        name=DESCRIBE,
        method="GET",
        path="/openapi.json",
        permission=None,
        about="This description.",
        answer="OpenApi",
    ),
    Row(
        name=runs.LIST,
        method="GET",
        path="/flows/{flowName}/executions",
        permission="DescribeFlowExecutionRecords",
        about="The executions of a flow, newest first, with what became of their records.",
        answer="ExecutionPage",
        members={
            "from": Asked("Date", "Queued then or later."),
            "to": Asked("Date", "Queued before."),
            "ids": Asked("ExecutionId", "One of these.", is_list=True),
            "statuses": Asked("ExecutionStatus", "In one of these statuses.", is_list=True),
            **_PAGED,
        },
        errors=(_NOT_THERE,),
    ),
    Row(
        name=runs.START,
        method="POST",
        path="/flows/{flowName}/executions",
        permission="StartFlow",
        about="Start an execution, whatever the flow's trigger is: with no members it reads what the flow says.",
        answer="StartedExecution",
        members={
            "from": Asked("Date", "Read what changed then or later."),
            "to": Asked("Date", "Read what changed before; without it now."),
            "fullRefresh": Asked("Boolean", "Read everything."),
            "filters": Asked("Tasks", "Filter tasks for this execution alone."),
            "limit": Asked("RecordLimit", "End with so many records that pass all filters."),
            "clientToken": Asked("ClientToken", "The same token starts the same execution once."),
        },
        errors=(_NOT_THERE, "ConflictException", "ServiceQuotaExceededException", "UnsupportedOperationException"),
    ),
    Row(
        name=logged.LOG,
        method="GET",
        path=f"{_EXECUTION}/log",
        permission="DescribeFlowExecutionRecords",
        about="What connectors printed while they worked for an execution on the node that answers: the last lines.",
        answer="ExecutionLog",
        errors=(_NOT_THERE,),
    ),
    Row(
        name=rejects.LIST,
        method="GET",
        path=f"{_EXECUTION}/rejects",
        permission="DescribeFlowExecutionRecords",
        about="The rejected records of an execution; the first page says how many there are for which reason.",
        answer="RejectPage",
        members=_PAGED,
        errors=(_NOT_THERE, "ConnectorServerException"),
    ),
    Row(
        name=rejects.FILE,
        method="GET",
        path=f"{_EXECUTION}/rejects/file",
        permission="DescribeFlowExecutionRecords",
        about="All rejected records of an execution, whole, as JSON Lines.",
        answer="JsonLines",
        errors=(_NOT_THERE, "ConnectorServerException"),
        media="application/jsonl",
    ),
    Row(
        name=retries.RETRY,
        method="POST",
        path=f"{_EXECUTION}/retry",
        permission="StartFlow",
        about="Run the rejected records of an execution again, by the flow as it is now.",
        answer="StartedExecution",
        members={
            "again": Asked("Boolean", "Even if they were retried before: records may be written twice."),
            "clientToken": Asked("ClientToken", "The same token starts the same execution once."),
        },
        errors=(_NOT_THERE, "ConflictException", "ServiceQuotaExceededException"),
    ),
    Row(
        name=backfills.LIST,
        method="GET",
        path="/backfills",
        permission="ListFlows",
        about="The backfills of all flows, newest first.",
        answer="BackfillPage",
        members=_PAGED,
    ),
    Row(
        name=backfills.LIST_OF_FLOW,
        method="GET",
        path="/flows/{flowName}/backfills",
        permission="DescribeFlowExecutionRecords",
        about="The backfills of a flow, newest first.",
        answer="BackfillPage",
        members=_PAGED,
        errors=(_NOT_THERE,),
    ),
    Row(
        name=backfills.START,
        method="POST",
        path="/flows/{flowName}/backfills",
        permission="StartFlow",
        about="Read a span of time in slices, each an execution; the flow's own executions go on beside them.",
        answer="Backfill",
        members={
            "from": Asked("Date", "Where the first slice begins.", is_required=True),
            "to": Asked("Date", "Where the last slice ends; without it now."),
            "every": Asked("SliceLength", "How long a slice is: 30m, 6h, 1d, 2w, 1mo; without it 1d."),
            "parallel": Asked("SlicesAtATime", "The most slices that wait or run at a time; without it 4."),
            "filters": Asked("Tasks", "Filter tasks for every slice."),
            "stopOnFailure": Asked("Boolean", "Queue no more slices once one has failed."),
            "clientToken": Asked("ClientToken", "The same token starts the same backfill once."),
        },
        errors=(
            *(_NOT_THERE, "ConflictException", "ServiceQuotaExceededException", "UnsupportedOperationException"),
            *("ConnectorServerException", "ConnectorAuthenticationException"),
        ),
    ),
    Row(
        name=backfills.DESCRIBE,
        method="GET",
        path="/flows/{flowName}/backfills/{number}",
        permission="DescribeFlowExecutionRecords",
        about="A backfill as one thing: its slices, their counts together, and the first that failed.",
        answer="Backfill",
        errors=(_NOT_THERE,),
    ),
    Row(
        name=backfills.CANCEL,
        method="POST",
        path="/flows/{flowName}/backfills/{number}/cancel",
        permission="CancelFlowExecutions",
        about="Queue no more slices, and cancel those that wait or run.",
        answer="Backfill",
        errors=(_NOT_THERE, "ConflictException"),
    ),
    Row(
        name=backfills.RESUME,
        method="POST",
        path="/flows/{flowName}/backfills/{number}/resume",
        permission="StartFlow",
        about="Run the slices that failed, were cancelled or never ran; never those that succeeded.",
        answer="Backfill",
        errors=(_NOT_THERE, "ConflictException", "ServiceQuotaExceededException"),
    ),
    Row(
        name=positions.DESCRIBE,
        method="GET",
        path="/flows/{flowName}/position",
        permission="DescribeFlow",
        about="Where an incremental flow goes on, and its next window and tick.",
        answer="Position",
        errors=(_NOT_THERE,),
    ),
    Row(
        name=positions.SET,
        method="PUT",
        path="/flows/{flowName}/position",
        permission="UpdateFlow",
        about="Let an incremental flow that does not run go on elsewhere: one of the members.",
        answer="Position",
        members={
            "readUntil": Asked("Date", "Where the next window begins."),
            "bookmark": Asked("Bookmark", "The place that the source calls so."),
            "clear": Asked("Boolean", "As if nothing had been read."),
        },
        errors=(_NOT_THERE, "ConflictException", "ConnectorServerException", "ConnectorAuthenticationException"),
    ),
    Row(
        name=plans.PLAN,
        method="POST",
        path="/plan",
        permission="CreateFlow",
        about="What is to be said of a flow document, or of a flow that is there; nothing is kept.",
        answer="PlannedFlow",
        members=_FLOW,
        errors=(_NOT_THERE,),
    ),
    Row(
        name=previews.PREVIEW,
        method="POST",
        path="/preview",
        permission="StartFlow",
        about="The first records of a flow document, or of a flow that is there, before and after; nothing is written.",
        answer="PreviewedFlow",
        members={
            **_FLOW,
            "records": Asked("PreviewSize", "So many records that pass the filters; without it 20."),
            **_WINDOW,
        },
        errors=(_NOT_THERE, "ConnectorServerException", "ConnectorAuthenticationException"),
    ),
    Row(
        name=explains.EXPLAIN,
        method="POST",
        path="/explain",
        permission="StartFlow",
        about="What a run of a flow document, or of a flow that is there, would do: splits, SELECT, memory, files.",
        answer="ExplainedFlow",
        members={**_FLOW, **_WINDOW},
        errors=(_NOT_THERE, "ConnectorServerException", "ConnectorAuthenticationException"),
    ),
    Row(
        name=record_events.PUT,
        method="POST",
        path="/events/webhook/{flowName}",
        permission=record_events.PUT,
        about="Take records for an active event flow from the webhook: durable with the answer, all of them or none.",
        answer="TakenRecords",
        errors=(_NOT_THERE, "ConflictException", "ThrottlingException"),
        status=202,
        takes=("application/json", "application/x-ndjson"),
        headers={
            "webhook-id": "Names the delivery: one that comes again is not taken again. Also Idempotency-Key,"
            " X-Delivery-Id and X-GitHub-Delivery.",
            "X-Hub-Signature-256": "sha256= and the HMAC-SHA256 of the body, instead of an access key. Also"
            " webhook-signature and Stripe-Signature.",
        },
    ),
)
