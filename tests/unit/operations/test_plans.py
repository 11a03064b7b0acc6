"""Plan and preview of flow documents, and of flows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.engine.preview import Preview, Previewed
from headrace.errors import ResourceNotFoundException, ValidationException
from headrace.flow.findings import Described, Fields, Finding, Looked
from headrace.flow.rules import Rule
from headrace.operations.plans import PLAN
from headrace.operations.previews import PREVIEW
from tests.standins.described import check_answer
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import Calls, Json, Looks, flow, mapping, serving

MASK: Json = {
    "taskType": "Mask",
    "sourceFields": ["phone"],
    "connectorOperator": {"S3": "MASK_ALL"},
    "taskProperties": {},
}
LARGE: Json = {
    "taskType": "Filter",
    "sourceFields": ["id"],
    "connectorOperator": {"S3": "GREATER_THAN"},
    "taskProperties": {"DATA_TYPE": "number", "VALUE": "10"},
}
TASKS: list[Json] = [mapping("id", "key"), mapping("phone"), MASK, LARGE]


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def call(tmp_path: Path, looks: Looks) -> Iterator[Calls]:
    with serving(tmp_path / "data", looks=looks) as calls:
        yield calls


def asked(call: Calls, name: str, **request: Any) -> Json:
    answer = call.dispatcher.call(name, call.caller, request).result(timeout=PATIENCE_S)
    check_answer(name, answer)
    return answer


def rules(answer: Json) -> list[str]:
    return [each["rule"] for each in answer["findings"]]


def test_a_document_without_fault_has_no_finding_and_is_not_kept(call: Calls) -> None:
    assert asked(call, PLAN, flow=flow()) == {"errors": 0, "warnings": 0, "notes": 0, "findings": []}
    with pytest.raises(ResourceNotFoundException):
        call("DescribeFlow", flowName="orders")


def test_every_fault_of_a_document_is_told_with_its_place(call: Calls) -> None:
    answer = asked(call, PLAN, flow=flow(tasks=[mapping("id"), {"taskType": "Map", "sourceFields": []}]))

    assert answer["errors"] == 2
    assert answer["findings"][1] == {
        "level": "error",
        "rule": "source-fields",
        "place": "tasks[1].sourceFields",
        "task": 1,
        "message": "sourceFields has no field",
        "instead": "write exactly one",
    }


def test_what_is_no_document_is_told_of_too(call: Calls) -> None:
    assert rules(asked(call, PLAN, flow=[1, 2])) == ["document"]
    assert rules(asked(call, PLAN, flow={"flowName": 7})) == ["document"]


def test_what_the_source_says_counts(call: Calls, looks: Looks) -> None:
    looks.looked = Looked(Fields("S3 raw/in", {"ID": Described("ID")}))
    answer = asked(call, PLAN, flow=flow())
    assert (answer["errors"], answer["warnings"]) == (0, 2)
    assert answer["findings"][0]["instead"] == "write 'ID'"


def test_the_source_is_asked_though_a_task_is_wrong(call: Calls, looks: Looks) -> None:
    looks.looked = Looked(Fields("S3 raw/in", {"ID": Described("ID")}))
    nothing: Json = {"taskType": "Map", "sourceFields": []}
    assert {"source-fields", "unknown-field"} <= set(
        rules(asked(call, PLAN, flow=flow(tasks=[mapping("id"), nothing])))
    )
    call("CreateFlow", **flow())
    assert rules(asked(call, PLAN, flow=flow(tasks=["none"]))) == ["document"]


def test_what_is_not_there_is_an_error(call: Calls, looks: Looks) -> None:
    looks.looked = Looked(refusals=(Finding("error", Rule.NOT_THERE, ("sourceFlowConfig",), "nothing lies there"),))
    assert rules(asked(call, PLAN, flow=flow())) == ["not-there"]


def test_a_flow_that_is_there_is_planned_by_its_name(call: Calls) -> None:
    call("CreateFlow", **flow(tasks=[mapping("id")]))
    assert rules(asked(call, PLAN, flowName="orders")) == ["no-projection"]


def test_a_document_of_a_flow_that_is_there_may_not_move_it(call: Calls) -> None:
    call("CreateFlow", **flow())
    elsewhere = {"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "other"}}}

    answer = asked(call, PLAN, flow=flow(sourceFlowConfig=elsewhere))

    assert [(each["rule"], each["place"]) for each in answer["findings"]] == [("update", "sourceFlowConfig")]
    assert "another flowName" in answer["findings"][0]["instead"]


def test_a_document_of_a_flow_that_is_there_says_what_an_update_does(call: Calls) -> None:
    call("CreateFlow", **flow())
    nothing = {"connectorOperator": None, "taskProperties": None}
    (same,) = asked(call, PLAN, flow=flow(tasks=[{**nothing, **each} for each in flow()["tasks"]]))["findings"]
    (other,) = asked(call, PLAN, flow=flow(tasks=[*flow()["tasks"], mapping("id", "key")]))["findings"]
    assert [(each["level"], each["rule"], each["place"]) for each in (same, other)] == [
        ("note", "update", "flowName")
    ] * 2
    assert "schemaVersion" not in same["message"]
    assert other["message"].endswith("and its schemaVersion goes up")


@pytest.mark.parametrize("name", [PLAN, PREVIEW])
def test_a_flow_is_given_or_named(call: Calls, name: str) -> None:
    for request in ({}, {"flow": flow(), "flowName": "orders"}):
        with pytest.raises(ValidationException, match="Write flow with a flow document, or flowName"):
            asked(call, name, **request)
    with pytest.raises(ResourceNotFoundException):
        asked(call, name, flowName="nobody")


SEEN = Preview(
    read=4,
    written=1,
    dropped={3: 1},
    rejected={-1: 1},
    stopped={},
    fields=("id", "phone", "rest"),
    records=(
        Previewed("s3://raw/1", 1, "written", '{"id":12,"phone":"040","rest":1}', '{"key":12,"phone":"***"}'),
        Previewed("s3://raw/1", 2, "dropped", '{"id":1,"phone":""}', task=3),
        Previewed("s3://raw/1", 3, "rejected", "1,2,3", task=-1, reason="Expected 2 columns"),
    ),
)


def test_a_preview_says_what_became_of_records_and_what_each_task_did(call: Calls, looks: Looks) -> None:
    looks.seen = SEEN

    answer = asked(call, PREVIEW, flow=flow(tasks=TASKS))

    assert answer["counts"] == {"read": 4, "written": 1, "rejected": 1, "dropped": {"3": 1}}
    assert [(each["name"], each["dropped"], each["rejected"], each["changed"]) for each in answer["tasks"]] == [
        ("Map id", 0, 0, 0),
        ("Map phone", 0, 0, 0),
        ("Mask phone", 0, 0, 1),
        ("Filter id", 1, 0, 0),
        ("reading the source", 0, 1, 0),
    ]
    assert answer["columns"] == [{"name": "key", "source": "id"}, {"name": "phone", "source": "phone"}]
    written, dropped, rejected = answer["records"]
    assert written["changed"] == ["phone"]
    assert (dropped["task"], dropped["by"]) == (3, "Filter id")
    assert ("task" in rejected, rejected["by"], rejected["reason"]) == (
        False,
        "reading the source",
        "Expected 2 columns",
    )
    assert (answer["wouldStop"], answer["isCut"]) == (False, False)
    assert looks.asked == [("orders", 20, None)]


def test_a_preview_is_of_as_many_records_and_of_the_window_that_are_asked_for(call: Calls, looks: Looks) -> None:
    call("CreateFlow", **flow())
    asked(call, PREVIEW, flowName="orders", records=3, **{"from": 1, "to": 2.5})
    assert looks.asked == [("orders", 3, (1000, 2500))]
    with pytest.raises(ValidationException, match="is not before to"):
        asked(call, PREVIEW, flow=flow(), **{"from": 3, "to": 2})


@pytest.mark.parametrize(
    "made, words",
    [
        (flow(tasks=[{"taskType": "Map", "sourceFields": []}]), r"Preview Flow request failed: \[.*write exactly one"),
        ({"flowName": "orders"}, "Member must not be null"),
        ([], "can not be converted"),
    ],
)
def test_a_document_that_can_not_be_planned_has_no_preview(call: Calls, made: Any, words: str) -> None:
    with pytest.raises(ValidationException, match=words):
        asked(call, PREVIEW, flow=made)


def test_everything_that_is_copied_is_a_column_but_what_is_left_out(call: Calls, looks: Looks) -> None:
    looks.seen = SEEN
    copied = {
        "taskType": "Map_all",
        "sourceFields": [],
        "taskProperties": {"EXCLUDE_SOURCE_FIELDS_LIST": '["phone"]'},
    }
    answer = asked(call, PREVIEW, flow=flow(tasks=[mapping("id", "key"), copied]))
    assert [each["name"] for each in answer["columns"]] == ["key", "id", "rest"]


def test_equal_numbers_in_other_spellings_are_no_change(call: Calls, looks: Looks) -> None:
    looks.seen = Preview(
        read=2,
        written=2,
        fields=("id",),
        records=(
            Previewed("f", 1, "written", '{"id":"12.50"}', '{"key":12.5}'),
            Previewed("f", 2, "written", '{"id":"x"}', '{"key":null}'),
        ),
    )
    answer = asked(call, PREVIEW, flow=flow(tasks=[mapping("id", "key")]))
    assert [each["changed"] for each in answer["records"]] == [[], ["key"]]
    assert answer["tasks"][0]["changed"] == 1
