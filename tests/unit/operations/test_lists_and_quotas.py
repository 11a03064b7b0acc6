from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headrace.errors import (
    ServiceError,
    ServiceQuotaExceededException,
)
from headrace.operations import flows as operations
from headrace.operations.starting import PARALLEL_RUNS_TAG
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import (
    ALICE,
    Calls,
    Json,
    flow,
    serving,
)

ARN = "arn:aws:appflow:us-east-1:123456789012:flow/orders"


def refused(call: Calls, error: type[ServiceError], name: str, request: Json | None = None, **members: Any) -> str:
    with pytest.raises(error) as raised:
        call(name, request, **members)
    assert type(raised.value) is error
    return str(raised.value)


def test_flows_are_listed_as_appflow_lists_them(call: Calls) -> None:
    call("CreateFlow", flow(description="All", tags={"a": "b"}))
    assert call("ListFlows") == {
        "flows": [
            {
                "flowArn": ARN,
                "description": "All",
                "flowName": "orders",
                "flowStatus": "Active",
                "sourceConnectorType": "S3",
                "destinationConnectorType": "S3",
                "triggerType": "OnDemand",
                "createdAt": 1767323045.678,
                "lastUpdatedAt": 1767323045.678,
                "createdBy": ALICE.arn,
                "lastUpdatedBy": ALICE.arn,
                "tags": {"a": "b"},
            }
        ]
    }


def test_flows_come_in_pages_of_twenty_unless_told_otherwise(call: Calls) -> None:
    names = [f"flow-{number:02}" for number in range(25)]
    for name in names:
        call("CreateFlow", flow(name))
    first = call("ListFlows")
    second = call("ListFlows", nextToken=first["nextToken"], maxResults=4)
    third = call("ListFlows", nextToken=second["nextToken"])
    assert [each["flowName"] for page in (first, second, third) for each in page["flows"]] == names
    assert [len(page["flows"]) for page in (first, second, third)] == [20, 4, 1]
    assert "nextToken" not in third
    assert "nextToken" not in call("ListFlows", maxResults=25)


def fill(tx: Any) -> None:
    """As many flows as the quota allows, each with a run in progress; flow-0 is there already."""
    tx._session.rows(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO flows (flow_id, account, region, name, arn, revision, trigger_type, failure_threshold, status,"
        " status_message, schema_version, kms_arn, created_ms, created_by, updated_ms, updated_by, failures_in_a_row)"
        " SELECT i, account, region, 'flow-' || i, arn || i, revision, trigger_type, NULL,"
        " status, NULL, 1, NULL, 1, 'x', 1, 'x', 0 FROM flows, n",
        (operations.MOST_FLOWS - 1,),
    )
    tx._session.rows(
        "INSERT INTO executions (execution_id, flow_id, sequence, revision, trigger, state, queued_ms, updated_ms,"
        " fence, attempt) SELECT flow_id, flow_id, 1, 1, 'ondemand', 'queued', 1, 1, 0, 0"
        " FROM flows WHERE name <> 'flow-0'"
    )


def test_quotas_hold_where_appflows_limits_are_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, limits="aws") as call:
        call("CreateFlow", flow("flow-0"))
        call.store.write(fill).result(timeout=PATIENCE_S)
        message = refused(call, ServiceQuotaExceededException, "CreateFlow", flow())
        assert "has 1000 flows in us-east-1" in message
        call("TagResource", resourceArn=ARN.replace("orders", "flow-0"), tags={PARALLEL_RUNS_TAG: "true"})
        call("StartFlow", flowName="flow-0")
        message = refused(call, ServiceQuotaExceededException, "StartFlow", flowName="flow-0")
        assert "has 1000 runs in progress in us-east-1" in message
        call.by(region="eu-west-1")("CreateFlow", flow())
        call("DeleteFlow", flowName="flow-1", forceDelete=True)
        call("CreateFlow", flow())
        call("StartFlow", flowName="orders")


def test_no_quota_holds_otherwise(call: Calls) -> None:
    call("CreateFlow", flow("flow-0"))
    call.store.write(fill).result(timeout=PATIENCE_S)
    call("CreateFlow", flow())
    for name in ("flow-0", "orders"):
        call("StartFlow", flowName=name)
