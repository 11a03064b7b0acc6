"""Everything to ask for under /headrace/v1, one row each: to add something, add a row here and run it in `dispatch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headrace.operations import rejects, runs

# What stands for a part of a path, and the shape of it.
LABELS: Mapping[str, str] = {"flowName": "FlowName", "executionId": "ExecutionId"}
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
    (None: any caller may). `members` stand in the query of a GET or DELETE, in the JSON body of other methods, and
    reach the operation together with the labels of the path. `answer` names a shape, `errors` those modelled errors
    that every row does not have.
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

    @property
    def has_body(self) -> bool:
        """Whether the members are those of a JSON object."""
        return self.method not in {"GET", "DELETE"}


_NOT_THERE = "ResourceNotFoundException"
_PAGED: Mapping[str, Asked] = {
    "maxResults": Asked("MaxResults", "The most to answer at a time."),
    "nextToken": Asked("NextToken", "Go on where the answer that held this token ended."),
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
            "clientToken": Asked("ClientToken", "The same token starts the same execution once."),
        },
        errors=(_NOT_THERE, "ConflictException", "ServiceQuotaExceededException", "UnsupportedOperationException"),
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
)
