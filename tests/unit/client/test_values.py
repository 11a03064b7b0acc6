"""Frozen values: what they take, what they hold, how they compare and show."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from headrace.client import InvalidInput, types
from headrace.client.types import (
    AggregationConfig,
    ConnectorOperator,
    ConnectorProfileCredentials,
    CreateFlowInput,
    DescribeFlowOutput,
    FlowStatus,
    S3InputFileType,
    ScheduledTriggerProperties,
    StartFlowInput,
    Task,
    TriggerType,
)
from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.shapes import String, Structure

TASK = Task(source_fields=["a", "b"], task_type="Merge", task_properties={"CONCAT_FORMAT": "${a} ${b}"})


def schedule(**members: Any) -> ScheduledTriggerProperties:
    return ScheduledTriggerProperties(schedule_expression="rate(1days)", **members)


def test_values_are_frozen_all_the_way_down() -> None:
    anything: Any = TASK
    with pytest.raises(AttributeError, match=r"Task is frozen: make another one with .replace\(task_type=…\)"):
        anything.task_type = "Map"
    with pytest.raises(AttributeError, match="frozen"):
        del anything.task_type
    assert isinstance(anything.source_fields, tuple)
    for change in (
        lambda: anything.task_properties.update(VALUE="x"),
        lambda: anything.task_properties.__setitem__("VALUE", "x"),
        lambda: anything.task_properties.pop("CONCAT_FORMAT"),
    ):
        with pytest.raises(TypeError, match="This map is frozen"):
            change()


def test_what_a_value_was_made_of_may_change_afterwards() -> None:
    fields = ["a"]
    task = Task(source_fields=fields, task_type="Map")
    fields.append("b")
    assert task.source_fields == ("a",)


def test_another_value_is_made_with_other_members() -> None:
    other = TASK.replace(task_type="Map", task_properties=None)
    assert other == Task(source_fields=["a", "b"], task_type="Map")
    assert other.task_properties is None
    with pytest.raises(InvalidInput, match=r"Task\.task_type is required"):
        TASK.replace(task_type=None)


def test_equal_values_are_one_in_a_set() -> None:
    same = Task(
        source_fields=("a", "b"), task_type=types.TaskType.MERGE, task_properties={"CONCAT_FORMAT": "${a} ${b}"}
    )
    assert {TASK, same, TASK.replace(task_type="Map")} == {same, TASK.replace(task_type="Map")}
    assert TASK != TASK.to_document()


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_values_can_be_copied_and_pickled(again: Any) -> None:
    assert again(TASK) == TASK
    assert again(FlowStatus("Newer")) == FlowStatus("Newer")


def test_secrets_do_not_show() -> None:
    credentials = ConnectorProfileCredentials(
        slack={"clientId": "id", "clientSecret": "hush", "accessToken": "hush", "oAuthRequest": {"authCode": "hush"}}
    )
    assert "hush" not in repr(credentials)
    assert "client_secret=***" in repr(credentials)
    assert credentials.slack is not None
    assert credentials.slack.client_secret == "hush"


def test_a_structure_of_which_one_member_is_set_says_which() -> None:
    operator = ConnectorOperator(sap_odata="PROJECTION")
    assert (operator.which, operator.value) == ("sap_odata", "PROJECTION")
    assert operator.to_document() == {"SAPOData": "PROJECTION"}
    assert (ConnectorOperator().which, ConnectorOperator().value) == (None, None)


def test_a_document_comes_back_as_it_went_in() -> None:
    document = {"aggregationType": "SingleFile", "targetFileSize": 128}
    assert AggregationConfig.from_document(document).to_document() == document


@pytest.mark.parametrize(
    "document, says",
    [
        (
            {"aggregationtype": "None"},
            "AggregationConfig has no member 'aggregationtype'; did you mean 'aggregationType'?",
        ),
        ({"zzz": 1}, "AggregationConfig has no member 'zzz'; it has aggregationType, targetFileSize"),
        ({"aggregationType": "Some"}, "AggregationConfig.aggregationType: 'Some' is none of None, SingleFile"),
        ({"targetFileSize": 1.5}, "AggregationConfig.targetFileSize is to be a whole number, not float"),
        ({"targetFileSize": 2**63}, "AggregationConfig.targetFileSize does not fit 64 bits"),
    ],
)
def test_a_document_with_a_fault_is_refused_by_its_own_names(document: Mapping[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(says)):
        AggregationConfig.from_document(document)


def test_a_missing_member_of_a_document_is_named_as_it_is_there() -> None:
    with pytest.raises(InvalidInput, match=r"CreateFlowInput.tasks\[0\].taskType is required"):
        CreateFlowInput.from_document({"flowName": "x", "tasks": [{"sourceFields": []}]})
    with pytest.raises(InvalidInput, match=r"StartFlowInput\.flowName is required"):
        StartFlowInput.from_document({})


def test_instants_are_kept_in_utc_and_to_the_millisecond() -> None:
    east = datetime(2026, 1, 1, 12, 0, 0, 250000, tzinfo=timezone(timedelta(hours=2)))
    made = schedule(schedule_start_time=east)
    assert made.schedule_start_time == datetime(2026, 1, 1, 10, 0, 0, 250000, tzinfo=UTC)
    assert str(made.schedule_start_time).endswith("+00:00")
    assert made.to_document()["scheduleStartTime"] == 1767261600.25
    assert schedule(schedule_start_time=east.replace(microsecond=0)).to_document()["scheduleStartTime"] == 1767261600


@pytest.mark.parametrize("given", [1767261600, 1767261600.0, "2026-01-01T10:00:00Z", "1767261600"])
def test_documents_may_spell_instants_as_the_service_does(given: float | str) -> None:
    assert schedule(schedule_start_time=given).schedule_start_time == datetime(2026, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "given, says",
    [
        (datetime(2026, 1, 1), "is a datetime without a zone: write datetime(…, tzinfo=UTC)"),  # noqa: DTZ001 (the fault)
        (True, "is to be a datetime with a zone, not bool"),
        ("tomorrow", "'tomorrow' is no instant"),
        (1e300, "is no instant"),
        (float("nan"), "is no instant"),
    ],
)
def test_what_is_no_instant_is_refused(given: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=f"schedule_start_time.*{re.escape(says)}"):
        schedule(schedule_start_time=given)


def test_a_value_of_an_enumeration_is_text() -> None:
    assert FlowStatus.ACTIVE == "Active"
    assert f"{FlowStatus.ACTIVE}" == "Active"
    assert repr(FlowStatus.ACTIVE) == "FlowStatus('Active')"
    assert FlowStatus.ACTIVE in FlowStatus.known()
    assert TriggerType.ON_DEMAND == TriggerType("OnDemand")


def test_a_newer_value_is_sent_when_it_is_meant() -> None:
    with pytest.raises(InvalidInput, match=r"a newer value is sent as TaskType\('Mapp'\)"):
        Task(source_fields=[], task_type="Mapp")  # pyright: ignore[reportArgumentType]
    assert Task(source_fields=[], task_type=types.TaskType("Newer")).to_document()["taskType"] == "Newer"


def test_what_headrace_takes_beyond_aws_is_known() -> None:
    assert S3InputFileType.PARQUET.is_known


def test_an_output_can_be_made_for_a_test_of_ones_own() -> None:
    made = DescribeFlowOutput(flow_name="orders", flow_status="Active", request_id="r-1")
    assert (made.flow_status, made.request_id, made.tasks) == ("Active", "r-1", None)


def test_every_type_of_the_model_is_in_one_place() -> None:
    outside = {side for operation in OPERATIONS.values() for side in (operation.input, operation.output)}
    wanted = {name for name, shape in SHAPES.items() if isinstance(shape, Structure) and name not in outside}
    wanted |= {name for name, shape in SHAPES.items() if isinstance(shape, String) and shape.enum}
    for name in OPERATIONS:
        wanted |= {f"{name}{suffix}" for suffix in ("Input", "Output", "Builder", "Setters", "Error")}
        wanted.add(f"Async{name}Builder")
    assert set(dir(types)) == wanted
    assert all(getattr(types, name) is not None for name in wanted)
    with pytest.raises(AttributeError, match="no type 'StartFlo'"):
        _ = types.StartFlo  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_errors_of_an_operation_are_those_of_the_model(name: str) -> None:
    union = getattr(types, f"{name}Error")
    assert sorted(kind.__name__ for kind in union.__args__) == sorted(OPERATIONS[name].errors)
