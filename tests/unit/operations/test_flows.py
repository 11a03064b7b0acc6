from __future__ import annotations

import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import (
    ConflictException,
    ConnectorServerException,
    ResourceNotFoundException,
    ServiceError,
    UnsupportedOperationException,
    ValidationException,
)
from headrace.model.codec import dump
from headrace.model.states import State
from headrace.store import executions, flows
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import (
    ALICE,
    EVENT,
    ON_DEMAND,
    SCHEDULED,
    Calls,
    Json,
    events_flow,
    flow,
    mapping,
    serving,
)

ARN = "arn:aws:appflow:us-east-1:123456789012:flow/orders"


def update_of(described: Json) -> Json:
    """UpdateFlow's members of what DescribeFlow answered."""
    members = ("flowName", "description", "triggerConfig", "sourceFlowConfig", "destinationFlowConfigList", "tasks")
    return {name: described[name] for name in (*members, "metadataCatalogConfig") if name in described}


def refused(call: Calls, error: type[ServiceError], name: str, request: Json | None = None, **members: Any) -> str:
    with pytest.raises(error) as raised:
        call(name, request, **members)
    assert type(raised.value) is error
    return str(raised.value)


def test_a_new_flow_is_described_as_appflow_describes_it(call: Calls) -> None:
    assert call("CreateFlow", flow()) == {"flowArn": ARN, "flowStatus": "Active"}
    output = {"fileType": "JSON", "prefixConfig": {}, "aggregationConfig": {"aggregationType": "None"}}
    lake = {"bucketName": "lake", "s3OutputFormatConfig": output}
    described = call.describe()
    assert described == {
        "flowArn": ARN,
        "flowName": "orders",
        "kmsArn": "arn:aws:kms:us-east-1:123456789012:key/68656164-7261-4365-8000-000000000000",
        "flowStatus": "Active",
        "sourceFlowConfig": flow()["sourceFlowConfig"],
        "destinationFlowConfigList": [{"connectorType": "S3", "destinationConnectorProperties": {"S3": lake}}],
        "triggerConfig": {"triggerType": "OnDemand", "triggerProperties": {}},
        "tasks": flow()["tasks"],
        "createdAt": 1767323045.678,
        "lastUpdatedAt": 1767323045.678,
        "createdBy": ALICE.arn,
        "lastUpdatedBy": ALICE.arn,
        "tags": {},
        "metadataCatalogConfig": {},
        "schemaVersion": 1,
    }


def test_what_the_caller_gave_is_echoed_with_its_empty_maps(call: Calls) -> None:
    trigger = {"triggerType": "OnDemand", "triggerProperties": {}}
    given = flow(
        description="All orders",
        kmsArn="arn:aws:kms:us-east-1:123456789012:key/mine",
        tags={"team": "sales"},
        triggerConfig=trigger,
        metadataCatalogConfig={},
        clientToken="t",
    )
    call("CreateFlow", given)
    described = call.describe()
    assert "clientToken" not in described
    for name in ("description", "kmsArn", "tags", "triggerConfig", "tasks"):
        assert described[name] == given[name]


def test_a_trigger_without_properties_is_described_with_an_empty_map_of_them(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig={"triggerType": "OnDemand"}))
    for _ in range(2):
        described = call.describe()
        # As Airflow's operators do before each of their runs.
        del described["triggerConfig"]["triggerProperties"]
        call("UpdateFlow", update_of(described))
    assert call.describe()["triggerConfig"] == {"triggerType": "OnDemand", "triggerProperties": {}}
    assert call.describe()["schemaVersion"] == 1


def test_an_update_with_what_is_described_changes_no_byte_and_no_order(call: Calls) -> None:
    def mapped(field: str) -> Json:
        return {"taskProperties": {}, "destinationField": field, "sourceFields": [field], "taskType": "Map"}

    fields = ["zulu", "alpha", "mike", "alpha2"]
    call("CreateFlow", dict(reversed(flow(tasks=[*map(mapped, fields), *flow()["tasks"]]).items())))
    before = call.describe()
    assert [task["sourceFields"] for task in before["tasks"][:4]] == [[field] for field in fields]

    for _ in range(2):
        call("UpdateFlow", update_of(call.describe()))

    after = call.describe()
    assert dump({**after, "lastUpdatedAt": 0}) == dump({**before, "lastUpdatedAt": 0})


@pytest.mark.parametrize("trigger", [SCHEDULED, EVENT], ids=["Scheduled", "Event"])
def test_a_flow_with_a_trigger_waits_until_it_is_started_and_can_be_stopped(call: Calls, trigger: Json) -> None:
    make = flow if trigger is SCHEDULED else events_flow
    assert call("CreateFlow", make(triggerConfig=trigger))["flowStatus"] == "Draft"
    assert call("StopFlow", flowName="orders") == {"flowArn": ARN, "flowStatus": "Draft"}
    for _ in range(2):
        assert call("StartFlow", flowName="orders") == {"flowArn": ARN, "flowStatus": "Active"}
    assert call.records() == []
    for _ in range(2):
        assert call("StopFlow", flowName="orders") == {"flowArn": ARN, "flowStatus": "Suspended"}
    assert call("StartFlow", flowName="orders")["flowStatus"] == "Active"


def test_every_fault_is_refused_at_once_in_appflows_words(call: Calls) -> None:
    tasks = [{"taskType": "Filter", "sourceFields": ["a"], "connectorOperator": {"S3": "NO_OP"}}, mapping("a")]
    trigger = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": {"scheduleExpression": "often"}}}
    message = refused(call, ValidationException, "CreateFlow", flow(tasks=tasks, triggerConfig=trigger))
    assert message.startswith("Create Flow request failed: [")
    assert "'often'" in message
    assert "The operator NO_OP is not valid for filtering tasks." in message
    refused(call, ResourceNotFoundException, "DescribeFlow", flowName="orders")
    assert call.sources.asked == []


def test_a_connector_that_is_not_there_is_named_after_the_document_was_found_right(call: Calls) -> None:
    call.sources.absent = "The connector Salesforce is not available here."
    message = refused(call, ValidationException, "CreateFlow", events_flow())
    assert message == "Create Flow request failed: [The connector Salesforce is not available here.]"
    faulty = refused(call, ValidationException, "CreateFlow", events_flow(tasks=[mapping("a")]))
    assert "Salesforce is not available" not in faulty
    assert call.sources.asked == []


def test_a_source_with_nothing_to_read_is_refused_and_nothing_kept(call: Calls) -> None:
    call.sources.is_empty = True
    refused(call, ConnectorServerException, "CreateFlow", flow(clientToken="t"))
    call.sources.is_empty = False
    assert call("CreateFlow", flow(clientToken="t"))["flowStatus"] == "Active"


def test_a_name_is_taken_once_an_account_and_region(call: Calls) -> None:
    call("CreateFlow", flow())
    assert refused(call, ConflictException, "CreateFlow", flow()) == "Flow orders already exists."
    for other in (call.by(account="999999999999"), call.by(region="eu-west-1")):
        other("CreateFlow", flow())
        assert [each["flowName"] for each in other("ListFlows")["flows"]] == ["orders"]
    call("DeleteFlow", flowName="orders")
    assert call.by(region="eu-west-1").describe()["flowArn"] == "arn:aws:appflow:eu-west-1:123456789012:flow/orders"


@pytest.mark.parametrize("name", ["DescribeFlow", "DeleteFlow", "StartFlow", "StopFlow", "CancelFlowExecutions"])
def test_an_unknown_flow_is_not_found(call: Calls, name: str) -> None:
    assert refused(call, ResourceNotFoundException, name, flowName="orders") == "Flow orders not found."


def test_updating_an_unknown_flow_finds_none(call: Calls) -> None:
    assert refused(call, ResourceNotFoundException, "UpdateFlow", flow()) == "Flow orders not found."


def test_what_describe_answers_update_accepts_and_changes_nothing(call: Calls) -> None:
    call("CreateFlow", flow(tags={"a": "b"}, kmsArn="arn:aws:kms:us-east-1:123456789012:key/mine"))
    before = call.describe()
    for _ in range(2):
        assert call("UpdateFlow", update_of(call.describe())) == {"flowStatus": "Active"}
    assert call.describe() == before


def test_an_update_replaces_the_document_and_names_who_made_it(call: Calls) -> None:
    call("CreateFlow", flow(description="old", tags={"a": "b"}))
    call.clock.turn(timedelta(seconds=1))
    bob = call.by(arn="arn:aws:iam::123456789012:user/bob")
    bob("UpdateFlow", flow(tasks=[*flow()["tasks"], mapping("name")]))
    described = call.describe()
    assert described["tasks"][-1] == mapping("name")
    assert described["tags"] == {"a": "b"}
    assert "description" not in described
    assert (described["createdBy"], described["lastUpdatedBy"]) == (ALICE.arn, bob.caller.arn)
    assert (described["createdAt"], described["lastUpdatedAt"]) == (1767323045.678, 1767323046.678)
    assert described["schemaVersion"] == 2


def test_another_source_or_destination_is_refused_with_every_other_fault(call: Calls) -> None:
    call("CreateFlow", flow())
    moved = copy.deepcopy(flow())
    moved["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["bucketPrefix"] = "new"
    message = refused(call, ValidationException, "UpdateFlow", moved)
    assert message == (
        "Update Flow request failed due to:[Destination object for the destination connector can not be updated]"
    )
    moved["tasks"].append({"taskType": "Filter", "sourceFields": ["a"], "connectorOperator": {"S3": "NO_OP"}})
    message = refused(call, ValidationException, "UpdateFlow", moved)
    assert "Destination object" in message
    assert "The operator NO_OP is not valid for filtering tasks." in message
    assert call.describe()["tasks"] == flow()["tasks"]


def test_an_update_asks_for_the_connectors_and_the_source_too(call: Calls) -> None:
    call("CreateFlow", flow())
    call.sources.is_empty = True
    refused(call, ConnectorServerException, "UpdateFlow", flow(description="new"))
    call.sources.absent = "No such connector."
    message = refused(call, ValidationException, "UpdateFlow", flow(description="new"))
    assert message == "Update Flow request failed due to:[No such connector.]"
    assert "description" not in call.describe()


@pytest.mark.parametrize(
    "before, started, after, expected",
    [
        (ON_DEMAND, False, SCHEDULED, "Draft"),
        (SCHEDULED, False, ON_DEMAND, "Active"),
        (SCHEDULED, True, ON_DEMAND, "Active"),
        (SCHEDULED, True, SCHEDULED, "Active"),
        (SCHEDULED, False, SCHEDULED, "Draft"),
        (ON_DEMAND, False, ON_DEMAND, "Active"),
    ],
)
def test_an_update_keeps_the_status_unless_the_trigger_type_changes(
    call: Calls, before: Json, started: bool, after: Json, expected: str
) -> None:
    call("CreateFlow", flow(triggerConfig=before))
    if started:
        call("StartFlow", flowName="orders")
    assert call("UpdateFlow", flow(triggerConfig=after)) == {"flowStatus": expected}
    assert call.describe()["flowStatus"] == expected
    assert call("ListFlows")["flows"][0]["triggerType"] == after["triggerType"]


def test_a_run_keeps_the_document_it_was_started_with(call: Calls) -> None:
    call("CreateFlow", flow())
    call("StartFlow", flowName="orders")
    call("UpdateFlow", flow(description="new"))
    assert "description" not in call.claim().document


def test_a_start_queues_a_run_that_is_shown_at_once(call: Calls) -> None:
    call("CreateFlow", flow())
    answer = call("StartFlow", flowName="orders")
    assert answer == {"flowArn": ARN, "flowStatus": "Active", "executionId": answer["executionId"]}
    (record,) = call.records()
    assert (record["executionId"], record["executionStatus"]) == (answer["executionId"], "InProgress")
    assert call.describe()["lastRunExecutionDetails"] == {
        "mostRecentExecutionTime": 1767323045.678,
        "mostRecentExecutionStatus": "InProgress",
    }


def test_a_flow_that_runs_is_not_started_again_until_the_run_ends(call: Calls) -> None:
    call("CreateFlow", flow())
    call("StartFlow", flowName="orders")
    message = refused(call, ConflictException, "StartFlow", flowName="orders")
    assert message == "Conflict executing request: Flow orders is already running"
    claim = call.claim()
    call("CancelFlowExecutions", flowName="orders")
    refused(call, ConflictException, "StartFlow", flowName="orders")
    call.settle(claim, State.CANCELLED)
    call("StartFlow", flowName="orders")


def test_the_tag_lets_runs_of_a_flow_overlap(call: Calls) -> None:
    call("CreateFlow", flow(tags={"headrace:parallel-runs": "true"}))
    started = {call("StartFlow", flowName="orders")["executionId"] for _ in range(2)}
    assert len(started) == 2
    call("TagResource", resourceArn=ARN, tags={"headrace:parallel-runs": "no"})
    refused(call, ConflictException, "StartFlow", flowName="orders")


def test_the_setting_lets_runs_of_every_flow_overlap(tmp_path: Path) -> None:
    with serving(tmp_path, parallel_runs=True) as call:
        call("CreateFlow", flow())
        assert len({call("StartFlow", flowName="orders")["executionId"] for _ in range(2)}) == 2


def test_an_on_demand_flow_can_not_be_stopped(call: Calls) -> None:
    call("CreateFlow", flow())
    assert "CancelFlowExecutions" in refused(call, UnsupportedOperationException, "StopFlow", flowName="orders")


def test_the_last_run_says_how_it_ended(call: Calls) -> None:
    call("CreateFlow", flow())
    call("StartFlow", flowName="orders")
    call.settle(call.claim(), State.FAILED, message="Can't read: s3://raw/in (403) «x»")
    last = call.describe()["lastRunExecutionDetails"]
    assert last["mostRecentExecutionStatus"] == "Error"
    assert last["mostRecentExecutionMessage"] == "Can t read s3 raw in 403 x"
    assert call("ListFlows")["flows"][0]["lastRunExecutionDetails"] == last
    call("StartFlow", flowName="orders")
    call.settle(call.claim(), State.DONE, message="Some were rejected")
    assert set(call.describe()["lastRunExecutionDetails"]) == {"mostRecentExecutionTime", "mostRecentExecutionStatus"}


def test_a_suspended_flow_says_why_and_starts_afresh(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=SCHEDULED))
    call("StartFlow", flowName="orders")
    call.store.write(queue_scheduled).result(timeout=PATIENCE_S)
    call.settle(call.claim(), State.FAILED)
    described = call.describe()
    assert described["flowStatus"] == "Suspended"
    assert "flowErrorDeactivationThreshold" in described["flowStatusMessage"]
    call("StartFlow", flowName="orders")
    assert "flowStatusMessage" not in call.describe()


def test_a_started_flow_counts_its_failures_afresh(call: Calls) -> None:
    trigger: Json = copy.deepcopy(SCHEDULED)
    trigger["triggerProperties"]["Scheduled"]["flowErrorDeactivationThreshold"] = 2
    call("CreateFlow", flow(triggerConfig=trigger))
    statuses: list[str] = []
    for _ in range(2):
        call("StartFlow", flowName="orders")
        for _ in range(2):
            call.store.write(queue_scheduled).result(timeout=PATIENCE_S)
            call.settle(call.claim(), State.FAILED)
            statuses.append(call.describe()["flowStatus"])
    assert statuses == ["Active", "Suspended"] * 2


def queue_scheduled(tx: Any) -> None:
    head = flows.head(tx, ALICE.account, ALICE.region, "orders")
    assert head is not None
    before = executions.page(tx, head.flow_id, before_sequence=None, limit=9)
    executions.insert(tx, head, execution_id=f"tick {len(before)}", trigger="scheduled", now_ms=1)


@pytest.mark.parametrize("force", [{}, {"forceDelete": False}])
def test_an_active_scheduled_flow_is_deleted_by_force_only(call: Calls, force: Json) -> None:
    call("CreateFlow", flow(triggerConfig=SCHEDULED))
    call("StartFlow", flowName="orders")
    message = refused(call, ConflictException, "DeleteFlow", {"flowName": "orders"} | force)
    assert message == (
        "Conflict executing request: Flow is in active state, please set forceDelete to true or deactivate the flow:"
        " orders"
    )
    assert call("DeleteFlow", flowName="orders", forceDelete=True) == {}
    assert call("ListFlows") == {"flows": []}


@pytest.mark.parametrize("trigger", [ON_DEMAND, SCHEDULED], ids=["OnDemand", "not yet activated"])
def test_a_flow_at_rest_is_deleted_without_force(call: Calls, trigger: Json) -> None:
    call("CreateFlow", flow(triggerConfig=trigger))
    assert call("DeleteFlow", flowName="orders") == {}


def test_a_flow_that_runs_is_deleted_by_force_only_with_its_history_and_tags(call: Calls) -> None:
    call("CreateFlow", flow(tags={"a": "b"}))
    call("StartFlow", flowName="orders")
    refused(call, ConflictException, "DeleteFlow", flowName="orders")
    call("DeleteFlow", flowName="orders", forceDelete=True)
    call("CreateFlow", flow())
    assert call.records() == []
    assert call.describe()["tags"] == {}
    assert "lastRunExecutionDetails" not in call.describe()
