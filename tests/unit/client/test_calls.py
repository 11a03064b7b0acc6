"""One call, both spellings, both clients."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from headrace.client import Client, InvalidInput
from headrace.client.types import (
    CreateFlowInput,
    DescribeFlowExecutionRecordsOutput,
    FlowStatus,
    StartFlowInput,
    StartFlowOutput,
    Task,
    TriggerConfig,
)
from headrace.errors import InternalServerException
from headrace.model.api import OPERATIONS
from tests.unit.client.rig import KEYS, URL, Rig, refusal, reply

ARN = "arn:aws:appflow:us-east-1:123456789012:flow/orders"
STARTED = {"flowArn": ARN, "flowStatus": "Active", "executionId": "e-1"}
RigOf = Callable[..., Rig]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_flow_is_started_in_one_call(rig_of: RigOf) -> None:
    rig = rig_of(reply(STARTED))
    started = rig.run(lambda client: client.start_flow(flow_name="orders", client_token="t"))
    assert started == StartFlowOutput(flow_arn=ARN, flow_status="Active", execution_id="e-1")
    assert started.request_id == "r-1"
    assert (rig.request.method, rig.request.url) == ("POST", f"{URL}/start-flow")
    assert json.loads(rig.request.body) == {"flowName": "orders", "clientToken": "t"}


def test_a_flow_is_started_by_a_builder(rig_of: RigOf) -> None:
    rig = rig_of(reply(STARTED))
    started = rig.run(lambda client: client.start_flow().flow_name("orders").client_token("t").send())
    assert (started.flow_arn, started.flow_status, started.execution_id) == (ARN, FlowStatus.ACTIVE, "e-1")
    assert json.loads(rig.request.body) == {"flowName": "orders", "clientToken": "t"}


def test_a_flow_that_was_only_activated_has_no_execution(rig_of: RigOf) -> None:
    rig = rig_of(reply({"flowArn": ARN, "flowStatus": "Active"}))
    assert rig.run(lambda client: client.start_flow(flow_name="orders")).execution_id is None


def test_a_token_is_made_for_each_call_that_has_none(rig_of: RigOf) -> None:
    rig = rig_of(reply(STARTED))
    for _ in range(2):
        rig.run(lambda client: client.start_flow(flow_name="orders"))
    tokens = [body["clientToken"] for body in rig.network.bodies]
    assert len(set(tokens)) == 2
    assert all(UUID.fullmatch(token) for token in tokens)


def test_a_builder_that_is_sent_twice_makes_two_calls(rig_of: RigOf) -> None:
    rig = rig_of(reply(STARTED))
    builder = rig.client.start_flow().flow_name("orders")
    for _ in range(2):
        rig.run(lambda _: builder.send())
    first, second = (body["clientToken"] for body in rig.network.bodies)
    assert first != second
    assert builder.get_client_token() is None


def test_the_way_tokens_are_made_is_a_parameter(rig_of: RigOf) -> None:
    rig = rig_of(reply(STARTED), new_token=lambda: "mine")
    rig.run(lambda client: client.start_flow(flow_name="orders"))
    assert rig.network.bodies[0]["clientToken"] == "mine"


def test_what_a_builder_was_given_can_be_asked_and_taken_out() -> None:
    builder = Client(endpoint_url=URL, environment=KEYS).start_flow().flow_name("orders").client_token("t")
    assert (builder.get_flow_name(), builder.get_client_token()) == ("orders", "t")
    assert builder.as_input() == StartFlowInput(flow_name="orders", client_token="t")
    assert builder.set_client_token(None).get_client_token() is None
    assert builder.set_flow_name("others").as_input() == StartFlowInput(flow_name="others")
    assert repr(builder) == "StartFlowBuilder(flow_name)"


def test_a_missing_member_is_named_with_its_builder_method_before_anything_is_sent(rig_of: RigOf) -> None:
    rig = rig_of()
    for call in (
        lambda client: client.start_flow(client_token="t"),
        lambda client: client.start_flow().send(),
        lambda client: client.start_flow().flow_name("x").set_flow_name(None).send(),
    ):
        with pytest.raises(InvalidInput, match=r"flow_name is required.*call \.flow_name\(…\) on the builder"):
            rig.run(call)
    assert rig.network.requests == []


@pytest.mark.parametrize(
    "members, says",
    [
        ({"flowname": "x"}, "has no member 'flowname'; did you mean 'flow_name'"),
        ({"flow_name": 5}, "flow_name is to be text, not int"),
        ({"flow_name": "x", "client_token": b"t"}, "client_token is to be text, not bytes"),
    ],
)
def test_a_wrong_member_is_refused_before_anything_is_sent(rig_of: RigOf, members: dict[str, Any], says: str) -> None:
    rig = rig_of()
    with pytest.raises(InvalidInput, match=re.escape(says)):
        rig.run(lambda client: client.start_flow(**members))
    assert rig.network.requests == []


def test_a_wrong_value_is_refused_by_the_method_that_gets_it() -> None:
    builder: Any = Client(endpoint_url=URL, environment=KEYS).list_flows()
    with pytest.raises(InvalidInput, match=r"ListFlowsInput.max_results is to be a whole number, not bool"):
        builder.max_results(True)
    with pytest.raises(InvalidInput, match=r"max_results is to be a whole number, not NoneType"):
        builder.max_results(None)


def test_every_fault_is_named_at_once() -> None:
    task: Any = {"taskType": "Mapp", "sourceFields": "id"}
    with pytest.raises(InvalidInput) as raised:
        CreateFlowInput(flow_name=5, tasks=[task], trigger_config=TriggerConfig(trigger_type="OnDemand"))  # pyright: ignore[reportCallIssue, reportArgumentType]
    said = str(raised.value)
    assert "flow_name is to be text" in said
    assert "tasks[0].taskType: 'Mapp' is none of Arithmetic, Filter, Map" in said
    assert "tasks[0].sourceFields is to be a list, not str" in said
    assert "source_flow_config is required" in said
    assert "destination_flow_config_list is required" in said


def test_inputs_are_made_of_values_of_documents_and_of_both(rig_of: RigOf) -> None:
    document = {
        "flowName": "orders",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "raw"}}},
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": [{"sourceFields": [], "taskType": "Map_all", "taskProperties": {"EXCLUDE_SOURCE_FIELDS_LIST": "[]"}}],
        "clientToken": "t",
    }
    rig = rig_of(reply({}))
    whole = CreateFlowInput.from_document(document)
    rig.run(lambda client: client.send(whole))
    rig.run(
        lambda client: client.create_flow(
            flow_name="orders",
            trigger_config=TriggerConfig(trigger_type="OnDemand"),
            source_flow_config=document["sourceFlowConfig"],
            destination_flow_config_list=document["destinationFlowConfigList"],
            tasks=[
                Task(source_fields=[], task_type="Map_all", task_properties={"EXCLUDE_SOURCE_FIELDS_LIST": "[]"}),
            ],
            client_token="t",
        )
    )
    assert rig.network.bodies == [document, document]


def test_an_answer_has_aware_instants_and_keeps_what_it_does_not_know(rig_of: RigOf) -> None:
    record = {"executionId": "e-1", "executionStatus": "Paused", "startedAt": 1628732168.132, "brandNew": [1]}
    rig = rig_of(reply({"flowExecutions": [record], "surprise": {}}))
    found = rig.run(lambda client: client.describe_flow_execution_records(flow_name="orders"))
    assert isinstance(found, DescribeFlowExecutionRecordsOutput)
    assert found.flow_executions is not None
    [shown] = found.flow_executions
    assert shown.started_at == datetime(2021, 8, 12, 1, 36, 8, 132000, tzinfo=UTC)
    assert shown.execution_status is not None
    assert (shown.execution_status, shown.execution_status.is_known) == ("Paused", False)


def test_answers_without_a_body_are_outputs_too(rig_of: RigOf) -> None:
    rig = rig_of(reply(None, 204))
    assert rig.run(lambda client: client.tag_resource(resource_arn=ARN, tags={"a": "b"})).request_id == "r-1"


def test_tags_travel_in_path_and_query(rig_of: RigOf) -> None:
    rig = rig_of(reply({}))
    rig.run(lambda client: client.untag_resource(resource_arn=ARN, tag_keys=["a", "b c&"]))
    path = ARN.replace(":", "%3A").replace("/", "%2F")
    assert (rig.request.method, rig.request.url) == ("DELETE", f"{URL}/tags/{path}?tagKeys=a&tagKeys=b%20c%26")
    assert rig.request.body == b""


def test_an_empty_part_of_a_path_is_refused(rig_of: RigOf) -> None:
    rig = rig_of()
    with pytest.raises(InvalidInput, match=r"resource_arn is empty"):
        rig.run(lambda client: client.list_tags_for_resource(resource_arn=""))
    assert rig.network.requests == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_operation_has_its_method_and_its_builder(name: str, rig_of: RigOf) -> None:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    rig = rig_of()
    assert type(getattr(rig.client, method)()).__name__ == f"{'Async' * rig.is_async}{name}Builder"


def test_a_client_lets_go_of_its_connections(rig_of: RigOf) -> None:
    rig = rig_of()
    rig.run(lambda client: client.close())
    assert rig.network.is_closed


def test_half_a_character_is_refused_before_anything_is_sent(rig_of: RigOf) -> None:
    rig = rig_of()
    with pytest.raises(InvalidInput, match="half of a surrogate pair"):
        rig.run(lambda client: client.start_flow(flow_name="\ud800"))
    assert rig.network.requests == []


def test_what_lies_beyond_the_api_is_asked_by_its_path(rig_of: RigOf) -> None:
    rig = rig_of(reply({"kind": "window", "brandNew": [1]}))
    assert rig.run(lambda client: client.ask("GET", "/headrace/v1/flows/a%40b/position?x=1")) == {
        "kind": "window",
        "brandNew": [1],
    }
    assert (rig.request.method, rig.request.url) == ("GET", f"{URL}/headrace/v1/flows/a%40b/position?x=1")
    assert rig.request.body == b""
    assert "authorization" in rig.request.headers


@pytest.mark.parametrize("document, sent", [({"from": 1, "clientToken": "t"}, 3), ({"from": 1}, 1), (None, 1)])
def test_beyond_the_api_too_only_what_is_harmless_is_sent_again(
    rig_of: RigOf, document: dict[str, Any] | None, sent: int
) -> None:
    rig = rig_of(refusal("InternalServerException", 500))
    with pytest.raises(InternalServerException):
        rig.run(lambda client: client.ask("POST", "/headrace/v1/flows/a/executions", document))
    assert len(rig.network.requests) == sent
    assert rig.network.requests[0].body == (json.dumps(document, separators=(",", ":")).encode() if document else b"")
