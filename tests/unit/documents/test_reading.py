"""AppFlow's own documents, and what is wrong with files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headrace.documents import BadDocument, FlowState, Kind, UnknownForm, read
from headrace.model.api import SHAPES
from headrace.model.shapes import Structure

PUBLISHED = sorted((Path(__file__).parents[2] / "data" / "flows").glob("*.json"))
ANSWERED = {
    "flowArn": "arn:aws:appflow:us-east-1:111111111111:flow/orders",
    "flowStatus": "Active",
    "createdAt": 1763755536.579,
    "lastUpdatedAt": 1763755536.579,
    "createdBy": "arn:aws:iam::111111111111:user/x",
    "lastUpdatedBy": "arn:aws:iam::111111111111:user/x",
    "lastRunExecutionDetails": {"mostRecentExecutionStatus": "Successful"},
    "schemaVersion": 1,
    "ResponseMetadata": {"HTTPStatusCode": 200},
}
SCHEDULED = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)"}}}


def flow(**changes: Any) -> dict[str, Any]:
    return {
        "flowName": "orders",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}],
    } | changes


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(BadDocument) as caught:
        read("f", text.encode() if isinstance(text, str) else text, {})
    return list(caught.value.faults)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_flow_is_read_as_it_stands(path: Path) -> None:
    (document,) = read(str(path), path.read_bytes(), {})

    written = json.loads(path.read_bytes())
    assert (document.kind, document.name, document.state) == (Kind.FLOW, written["flowName"], None)
    assert json.dumps(document.request) == json.dumps(written)


def test_an_answer_of_describe_flow_is_the_request_that_would_create_it() -> None:
    (document,) = read("f", json.dumps(flow(tags={"a": "b"}) | ANSWERED).encode(), {})

    assert document.request == flow(tags={"a": "b"})
    assert document.state is None


def test_the_state_of_a_flow_that_is_scheduled_is_kept() -> None:
    (document,) = read("f", json.dumps(flow(triggerConfig=SCHEDULED) | ANSWERED).encode(), {})

    assert document.state is FlowState.ACTIVE


def test_a_token_is_of_the_request_and_not_of_the_flow() -> None:
    (document,) = read("f", json.dumps(flow(clientToken="t")).encode(), {})

    assert document.request == flow()


def test_lists_and_answers_that_list_hold_many() -> None:
    profile = {
        "connectorProfileArn": "arn:aws:appflow:us-east-1:111111111111:connectorprofile/sf",
        "connectorProfileName": "sf",
        "connectorType": "Salesforce",
        "connectionMode": "Public",
        "credentialsArn": "arn:aws:secretsmanager:us-east-1:111111111111:secret:x",
        "connectorProfileProperties": {"Salesforce": {"instanceUrl": "https://x.my.salesforce.com"}},
        "createdAt": 1.0,
        "lastUpdatedAt": 1.0,
    }
    connector = {
        "connectorConfiguration": {
            "canUseAsSource": True,
            "connectorLabel": "Notebook",
            "connectorProvisioningType": "LAMBDA",
            "connectorProvisioningConfig": {"lambda": {"lambdaArn": "arn:aws:lambda:us-east-1:1:function:x"}},
        }
    }

    found = read("f", json.dumps([flow(), {"connectorProfileDetails": [profile]}, connector]).encode(), {})

    assert [(each.kind, each.name) for each in found] == [
        (Kind.FLOW, "orders"),
        (Kind.PROFILE, "sf"),
        (Kind.CONNECTOR, "Notebook"),
    ]
    assert found[1].request == {
        "connectorProfileName": "sf",
        "connectorType": "Salesforce",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Salesforce": {"instanceUrl": "https://x.my.salesforce.com"}}
        },
    }


def test_text_of_yaml_stays_text_where_the_model_has_text() -> None:
    text = """
    flowName: 2026-01-01
    description: yes
    triggerConfig: {triggerType: OnDemand}
    sourceFlowConfig:
      connectorType: CustomConnector
      apiVersion: 51.0
      sourceConnectorProperties: {CustomConnector: {entityName: on, customProperties: {a: 012, b: true}}}
    """

    (document,) = read("f", text.encode(), {})

    source = document.request["sourceFlowConfig"]
    assert (document.name, document.request["description"], source["apiVersion"]) == ("2026-01-01", "yes", "51.0")
    custom = source["sourceConnectorProperties"]["CustomConnector"]
    assert custom == {"entityName": "on", "customProperties": {"a": "012", "b": "true"}}


def test_each_yaml_document_is_one() -> None:
    text = "flowName: ab\ntasks: []\n---\nflowName: cd\ntasks: []\n"

    assert [each.name for each in read("f", text.encode(), {})] == ["ab", "cd"]


def test_every_fault_has_its_line_and_what_to_do() -> None:
    text = """{
      "flowName": "ab",
      "tasks": [
        {"taskType": 5, "sourceFields": "x"},
        {"tasktype": "Map"}
      ],
      "colour": "red"
    }"""

    request = SHAPES["CreateFlowRequest"]
    assert isinstance(request, Structure)
    members = [each.name for each in request.members]
    assert faults(text) == [
        "f:4: tasks.1.member.taskType is text, not a number",
        "f:4: tasks.1.member.sourceFields is a list, not this text",
        "f:5: tasktype is no member of AppFlow's; did you mean taskType?",
        f"f:7: colour is no member of AppFlow's; AppFlow has {', '.join(members)} here",
    ]


@pytest.mark.parametrize(
    "text, told",
    [
        ('{"tasks": [], "sourceFlowConfig": {}}', "f:1: flowName is missing: give the flow a name"),
        ('{"flowName": 5}', "f:1: flowName is text, not a number"),
        ("a: [", "f:2: is not valid YAML"),
        ('{"a": 1', "f:1: is not valid JSON"),
        (b"\xff", "f:1: is not UTF-8 text"),
        ('{"flowName": "ab", "flowArn": "x", "triggerType": "OnDemand"}', "what ListFlows says"),
        ('[{"flowName": "ab"}, 5]', "f:1: this is no flow, connector profile or connector"),
    ],
)
def test_what_is_no_document_is_told(text: str | bytes, told: str) -> None:
    assert told in "\n".join(faults(text))


@pytest.mark.parametrize("text", ["", "{}", "[]", "# nothing", '{"name": "package"}', '{"flows": [1]}', "5", "[1, 2]"])
def test_what_is_of_another_kind_is_told_apart(text: str) -> None:
    with pytest.raises(UnknownForm, match=r"f(:1)?: "):
        read("f", text.encode(), {})


def test_constraints_that_are_broken_are_found_at_their_lines() -> None:
    body = json.dumps(flow(flowName="a b", tasks=[{"sourceFields": []}, {"taskType": "Mapp"}]), indent=1)
    (document,) = read("f", body.encode(), {})

    found = document.violations("none")

    lines = body.splitlines()
    assert ["'flowName'" in each.text and "a b" in lines[(each.place.line or 0) - 1] for each in found].count(True) == 1
    assert all(each.place.line for each in found)
    (of_type,) = [each for each in found if "Mapp" in each.text]
    assert "Mapp" in lines[(of_type.place.line or 0) - 1]
