"""Terraform's plans, states and .tf.json files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headrace.documents import BadDocument, Document, FlowState, Kind, Place, read, write

# What `terraform show -json` printed of a plan and a state, by version 5.100 of the provider, of published flows.
RECORDED = Path(__file__).parents[2] / "data" / "terraform"
FLOWS = Path(__file__).parents[2] / "data" / "flows"
SOURCE = {
    "connector_type": "S3",
    "source_connector_properties": [{"s3": [{"bucket_name": "raw", "bucket_prefix": "in"}], "salesforce": []}],
}

SCHEDULE = {
    "schedule_expression": "rate(1hours)",
    "schedule_offset": 0,
    "schedule_start_time": "2030-01-01T00:00:00Z",
    "timezone": "",
}


def documents(value: Any, **values: str) -> tuple[Document, ...]:
    return read("t.json", json.dumps(value, indent=1).encode(), values)


def faults(value: Any, **values: str) -> str:
    with pytest.raises(BadDocument) as caught:
        documents(value, **values)
    return "\n".join(caught.value.faults)


def state(*resources: dict[str, Any], **module: Any) -> dict[str, Any]:
    return {
        "format_version": "1.0",
        "terraform_version": "1.11.4",
        "values": {"root_module": {"resources": resources, **module}},
    }


def resource(address: str = "aws_appflow_flow.x", kind: str = "aws_appflow_flow", **values: Any) -> dict[str, Any]:
    return {"address": address, "mode": "managed", "type": kind, "values": {"name": "orders"} | values}


def plan(values: dict[str, Any], unknown: dict[str, Any], expressions: dict[str, Any]) -> dict[str, Any]:
    planned = resource(**values)
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": [planned]}},
        "resource_changes": [{"address": planned["address"], "change": {"after_unknown": unknown}}],
        "configuration": {"root_module": {"resources": [{"address": planned["address"], "expressions": expressions}]}},
    }


def without_empty(value: Any) -> Any:
    """What the provider sends of a request: nothing that is empty."""
    if isinstance(value, dict):
        kept = {name: without_empty(part) for name, part in value.items()}
        return {
            name: part for name, part in kept.items() if part not in ("", {}) or name == "EXCLUDE_SOURCE_FIELDS_LIST"
        }
    return [without_empty(part) for part in value] if isinstance(value, list) else value


def test_a_plan_of_terraform_is_the_flows_that_it_was_made_of() -> None:
    found = read("plan.json", (RECORDED / "plan.json").read_bytes(), {})

    assert len(found) == 5
    for each in found:
        written = json.loads((FLOWS / f"{each.name}.json").read_bytes()) | {"flowName": each.name}
        assert without_empty(each.request) == without_empty(written)


def test_a_state_of_terraform_is_the_flows_that_it_was_made_of() -> None:
    found = {each.name: each for each in read("state.json", (RECORDED / "state.json").read_bytes(), {})}

    assert {name: each.state for name, each in found.items()} == {
        "tf-acc-basic": FlowState.DRAFT,
        "tf-acc-metadata-catalog": None,
        "tf-acc-multiple-tasks": None,
        "tf-acc-parquet": FlowState.DRAFT,
        "fdmsantos-merge-concat": None,
    }
    written = json.loads((FLOWS / "tf-acc-basic.json").read_bytes())
    basic = found["tf-acc-basic"].request
    assert basic["tasks"] == written["tasks"]
    assert basic["sourceFlowConfig"] == written["sourceFlowConfig"]
    assert basic["triggerConfig"] == written["triggerConfig"]


def test_what_terraform_has_for_nothing_is_nothing() -> None:
    (document,) = documents(
        state(
            resource(
                arn="arn",
                id="x",
                flow_status="Suspended",
                description="",
                tags=None,
                tags_all={"team": "data"},
                source_flow_config=[SOURCE],
                metadata_catalog_config=[],
                trigger_config=[{"trigger_type": "Scheduled", "trigger_properties": [{"scheduled": [SCHEDULE]}]}],
                task=[{"task_type": "Map_all", "source_fields": None, "task_properties": {"VALUE": ""}}],
            )
        )
    )

    assert document.request == {
        "flowName": "orders",
        "tags": {"team": "data"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "triggerConfig": {
            "triggerType": "Scheduled",
            "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)", "scheduleStartTime": 1893456000}},
        },
        "tasks": [{"taskType": "Map_all", "taskProperties": {"VALUE": ""}, "sourceFields": []}],
    }
    assert document.state is FlowState.SUSPENDED


def test_modules_are_read_and_data_sources_are_not() -> None:
    data = resource("data.aws_appflow_flow.x") | {"mode": "data"}
    other = resource("aws_s3_bucket.x", "aws_s3_bucket")
    child = {"resources": [resource('module.a["b"].aws_appflow_flow.x[0]', name="inner")]}

    found = documents(state(resource(), data, other, child_modules=[{"child_modules": [child]}]))

    assert [(each.name, each.place.resource) for each in found] == [
        ("orders", "aws_appflow_flow.x"),
        ("inner", 'module.a["b"].aws_appflow_flow.x[0]'),
    ]


def test_a_profile_is_read_with_its_own_names() -> None:
    config = {
        "connector_profile_credentials": [
            {
                "salesforce": [
                    {"access_token": "t", "oauth2_grant_type": "JWT_BEARER", "oauth_request": [{"auth_code": "c"}]}
                ]
            }
        ],
        "connector_profile_properties": [
            {"salesforce": [{"instance_url": "https://x", "use_privatelink_for_metadata_and_authorization": True}]}
        ],
    }
    (document,) = documents(
        state(
            resource(
                "aws_appflow_connector_profile.x",
                "aws_appflow_connector_profile",
                name="sf",
                connector_type="Salesforce",
                connection_mode="Public",
                credentials_arn="arn",
                connector_profile_config=[config],
            )
        )
    )

    assert (document.kind, document.name) == (Kind.PROFILE, "sf")
    assert document.request["connectorProfileConfig"] == {
        "connectorProfileCredentials": {
            "Salesforce": {
                "accessToken": "t",
                "oAuth2GrantType": "JWT_BEARER",
                "oAuthRequest": {"authCode": "c"},
            }
        },
        "connectorProfileProperties": {
            "Salesforce": {"instanceUrl": "https://x", "usePrivateLinkForMetadataAndAuthorization": True}
        },
    }


def test_a_value_that_is_made_of_others_and_unknown_is_told_and_one_left_to_the_provider_is_not() -> None:
    unknown = {
        "arn": True,
        "source_flow_config": [{"source_connector_properties": [{"s3": [{"bucket_name": True}]}]}],
        "trigger_config": [{"trigger_properties": True}],
        "task": [{"destination_field": True}],
    }
    references = {"references": ["aws_s3_bucket.raw.id", "aws_s3_bucket.raw"]}
    expressions = {
        "source_flow_config": [{"source_connector_properties": [{"s3": [{"bucket_name": references}]}]}],
        "trigger_config": [{"trigger_type": {"constant_value": "OnDemand"}}],
        "task": [{"task_type": {"constant_value": "Map_all"}}, {"destination_field": references}],
    }

    told = faults(plan({}, unknown, expressions)).splitlines()

    assert len(told) == 2
    assert told[0].endswith(
        "aws_appflow_flow.x: source_flow_config.0.source_connector_properties.0.s3.0.bucket_name is known only after"
        " apply; apply, then give what `terraform show -json` prints of the state"
    )
    assert "task.0.destination_field is known only after apply" in told[1]


def test_tasks_of_a_plan_have_the_order_of_the_configuration() -> None:
    planned = [
        {"task_type": "Filter", "source_fields": ["a", "b"], "connector_operator": [{"s3": "PROJECTION"}]},
        {"task_type": "Map", "source_fields": ["a"], "destination_field": "x"},
        {"task_type": "Map", "source_fields": ["b"], "destination_field": "y"},
    ]
    written = [
        {"task_type": {"constant_value": "Map"}, "source_fields": {"constant_value": ["b"]}},
        {"task_type": {"constant_value": "Map"}, "destination_field": {"references": ["var.x"]}},
        {
            "task_type": {"constant_value": "Filter"},
            "connector_operator": [{"s3": {"constant_value": "PROJECTION"}}],
        },
    ]

    def types_and_fields(expressions: dict[str, Any]) -> list[tuple[str, list[str]]]:
        (document,) = documents(plan({"task": planned}, {}, expressions))
        return [(task["taskType"], task["sourceFields"]) for task in document.request["tasks"]]

    assert types_and_fields({"task": written}) == [("Map", ["b"]), ("Map", ["a"]), ("Filter", ["a", "b"])]
    as_planned = [("Filter", ["a", "b"]), ("Map", ["a"]), ("Map", ["b"])]
    assert types_and_fields({}) == as_planned
    assert types_and_fields({"task": written[:2]}) == as_planned
    assert types_and_fields({"task": [*written[:2], {"task_type": {"constant_value": "Mask"}}]}) == as_planned


def test_a_file_of_json_syntax_takes_its_variables() -> None:
    value = {
        "variable": [{"bucket": {"default": "raw"}, "prefix": {}, "fields": {"default": ["a"]}}],
        "resource": [
            {
                "aws_appflow_flow": {
                    "x": [
                        {
                            "name": "o-${var.prefix}",
                            "description": "$${kept} %%{kept}",
                            "source_flow_config": {
                                "source_connector_properties": {"s3": {"bucket_name": "${ var.bucket }"}}
                            },
                            "task": {"source_fields": "${var.fields}"},
                        }
                    ]
                }
            }
        ],
    }

    (document,) = documents(value, prefix="in")

    assert document.request == {
        "flowName": "o-in",
        "description": "${kept} %{kept}",
        "sourceFlowConfig": {"sourceConnectorProperties": {"S3": {"bucketName": "raw"}}},
        "tasks": [{"sourceFields": ["a"]}],
    }
    assert "variable prefix has no value; give it with --parameter prefix=VALUE" in faults(value)


def test_an_expression_in_a_file_is_told() -> None:
    value = {"resource": {"aws_appflow_flow": {"x": {"name": "ab", "description": "${aws_s3_bucket.x.id}"}}}}

    assert "t.json:6: aws_appflow_flow.x: of expressions only ${var.NAME} is worked out here" in faults(value)


@pytest.mark.parametrize(
    "value, told",
    [
        ({"version": 4, "terraform_version": "1.11.4", "lineage": "x"}, "this is Terraform's own state"),
        (state(resource(tasks=[])), "tasks is no member of Terraform's; did you mean task?"),
        (state(resource(task=[{"task_type": 5}])), "tasks.1.member.taskType is text, not a number"),
        (state(resource(source_flow_config=[{}, {}])), "sourceFlowConfig is names with values, not a list"),
    ],
)
def test_what_can_not_be_read_is_told(value: Any, told: str) -> None:
    assert told in faults(value)


def test_an_empty_state_has_no_flows() -> None:
    assert documents({"format_version": "1.0"}) == ()


@pytest.mark.parametrize(
    "request_, told",
    [
        (
            {"triggerConfig": {"triggerProperties": {"Scheduled": {"flowErrorDeactivationThreshold": 5}}}},
            "Terraform has no place for triggerConfig.triggerProperties.Scheduled.flowErrorDeactivationThreshold",
        ),
        (
            {"triggerConfig": {"triggerProperties": {"Scheduled": {"scheduleStartTime": 0.123456789}}}},
            "Terraform has no place for triggerConfig.triggerProperties.Scheduled.scheduleStartTime",
        ),
    ],
)
def test_what_the_provider_has_no_argument_for_is_told(request_: dict[str, Any], told: str) -> None:
    document = Document(Kind.FLOW, "ab", {"flowName": "ab", **request_}, Place("f"))

    with pytest.raises(BadDocument, match=told):
        write([document], "terraform")


def test_terraform_has_no_resource_for_connectors() -> None:
    with pytest.raises(BadDocument, match="Terraform has no resource for it; write json, yaml or cloudformation"):
        write([Document(Kind.CONNECTOR, "ab", {"connectorLabel": "ab"}, Place("f"))], "terraform")
