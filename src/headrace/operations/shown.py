"""Rows of the store as the API shows them."""

from __future__ import annotations

import re
from typing import Any

from headrace.flow.defaults import with_defaults
from headrace.model.shapes import Document
from headrace.model.states import SHOWN, State
from headrace.operations.context import Answer
from headrace.operations.profile_kinds import own_member
from headrace.store.executions import Execution
from headrace.store.flows import FlowRow, LastRun
from headrace.store.profiles import Profile

_LONGEST = 2048
# What ErrorInfo$executionMessage and ExecutionDetails$mostRecentExecutionMessage may not hold.
_NOT_IN_MESSAGE = re.compile(r"[^\s\w/!@#+=.-]+", re.ASCII)
_NOT_IN_LAST_MESSAGE = re.compile(r"[^\w!@#\-.?,\s]+", re.ASCII)

_BLANKS = re.compile(" {2,}")


def seconds(ms: int) -> float:
    """A timestamp of the API: seconds since the epoch, with milliseconds."""
    return ms / 1000


def described(flow: FlowRow, tags: dict[str, str]) -> Answer:
    """DescribeFlow's answer: the document with its defaults, and what became of it."""
    document = with_defaults(flow.document)
    return _given(
        {
            "flowArn": flow.arn,
            "description": document.get("description"),
            "flowName": flow.name,
            "kmsArn": flow.kms_arn or local_key_arn(flow.account, flow.region),
            "flowStatus": flow.status,
            "flowStatusMessage": flow.status_message,
            "sourceFlowConfig": document["sourceFlowConfig"],
            "destinationFlowConfigList": document["destinationFlowConfigList"],
            "lastRunExecutionDetails": _last_run(flow.last_run),
            "triggerConfig": document["triggerConfig"],
            "tasks": document["tasks"],
            "createdAt": seconds(flow.created_ms),
            "lastUpdatedAt": seconds(flow.updated_ms),
            "createdBy": flow.created_by,
            "lastUpdatedBy": flow.updated_by,
            "tags": tags,
            "metadataCatalogConfig": document.get("metadataCatalogConfig", {}),
            "schemaVersion": flow.schema_version,
        }
    )


def listed(flow: FlowRow, tags: dict[str, str]) -> Answer:
    """The flow as an element of ListFlows."""
    document = flow.document
    return _given(
        {
            "flowArn": flow.arn,
            "description": document.get("description"),
            "flowName": flow.name,
            "flowStatus": flow.status,
            "sourceConnectorType": document["sourceFlowConfig"]["connectorType"],
            "destinationConnectorType": document["destinationFlowConfigList"][0]["connectorType"],
            "triggerType": flow.trigger_type,
            "createdAt": seconds(flow.created_ms),
            "lastUpdatedAt": seconds(flow.updated_ms),
            "createdBy": flow.created_by,
            "lastUpdatedBy": flow.updated_by,
            "tags": tags,
            "lastRunExecutionDetails": _last_run(flow.last_run),
        }
    )


def recorded(execution: Execution) -> Answer:
    """The execution as a record of DescribeFlowExecutionRecords."""
    return _given(
        {
            "executionId": execution.execution_id,
            "executionStatus": SHOWN[execution.state],
            "executionResult": _result(execution),
            "startedAt": seconds(execution.queued_ms if execution.started_ms is None else execution.started_ms),
            "lastUpdatedAt": seconds(execution.updated_ms),
            "dataPullStartTime": None if execution.window_from_ms is None else seconds(execution.window_from_ms),
            "dataPullEndTime": None if execution.window_to_ms is None else seconds(execution.window_to_ms),
        }
    )


def profile(profile: Profile) -> Answer:
    """The connector profile as an element of DescribeConnectorProfiles; its credentials are a name only."""
    # Nothing has to be provisioned: headrace goes through the private link as through any other network.
    private = {"status": "CREATED"} if profile.connection_mode == "Private" else None
    member = own_member(profile.connector_type, "ConnectorProfileProperties")
    return _given(
        {
            "connectorProfileArn": profile.arn,
            "connectorProfileName": profile.name,
            "connectorType": profile.connector_type,
            "connectorLabel": profile.connector_label,
            "connectionMode": profile.connection_mode,
            "credentialsArn": profile.secret_arn,
            "connectorProfileProperties": {member: profile.properties},
            "createdAt": seconds(profile.created_ms),
            "lastUpdatedAt": seconds(profile.updated_ms),
            "privateConnectionProvisioningState": private,
        }
    )


def local_key_arn(account: str, region: str) -> str:
    """The kmsArn of a flow that names no key: AppFlow always shows one (decision 19)."""
    return f"arn:aws:kms:{region}:{account}:key/68656164-7261-4365-8000-000000000000"


def _result(execution: Execution) -> Answer:
    counts: Document = execution.counts or {}
    return _given(
        {
            "errorInfo": _error(execution, counts.get("recordsRejected", 0)),
            "bytesProcessed": counts.get("bytesRead", 0),
            "bytesWritten": counts.get("bytesWritten", 0),
            "recordsProcessed": counts.get("recordsRead", 0),
        }
    )


def _error(execution: Execution, rejected: int) -> Answer | None:
    if execution.state is not State.FAILED and rejected == 0:
        return None
    message = None if execution.message is None else _fitted(_NOT_IN_MESSAGE, execution.message)
    return _given({"putFailuresCount": rejected, "executionMessage": message})


def _last_run(run: LastRun | None) -> Answer | None:
    if run is None:
        return None
    message = run.message if run.state is State.FAILED else None
    return _given(
        {
            "mostRecentExecutionMessage": None if message is None else _fitted(_NOT_IN_LAST_MESSAGE, message),
            "mostRecentExecutionTime": seconds(run.started_ms),
            "mostRecentExecutionStatus": SHOWN[run.state],
        }
    )


def _fitted(forbidden: re.Pattern[str], message: str) -> str:
    """The message in the characters and the length that the model allows; a blank stands for what is left out."""
    return _BLANKS.sub(" ", forbidden.sub(" ", message)).strip()[:_LONGEST]


def _given(members: dict[str, Any]) -> Answer:
    """The members that have a value: AppFlow leaves the others out."""
    return {name: value for name, value in members.items() if value is not None}
