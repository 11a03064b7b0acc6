"""Beyond AppFlow's operations: what connectors printed while they worked for an execution."""

from __future__ import annotations

from headrace.connector_sdk.connector_lines import ExecutionName, lines_of
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.model.shapes import Document
from headrace.operations import rejects
from headrace.operations.context import Answer, Context
from headrace.store.store import Store

LOG = "headrace:DescribeExecutionLog"


def describe_log(context: Context, store: Store, _: RejectsPlace, request: Document) -> Answer:
    """The last lines, oldest first: those that were printed on this node. None where nothing was, or it is gone."""
    found = store.read(lambda tx: rejects.find(context, tx, request)).result()
    caller = context.caller
    name = ExecutionName(caller.account, caller.region, request["flowName"], found.execution.execution_id)
    return {"lines": lines_of(context.settings.data, name)}
