"""The Python client against a running headrace that believes nobody without a signature."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest

from headrace.client import AsyncClient, Client, ConnectionFailed, Credentials, CredentialsRefused, ExecutionFailed
from headrace.client.connections import Connections
from headrace.client.transport import Reply, Request, Timeouts
from headrace.client.types import CreateFlowInput, FlowStatus
from headrace.errors import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ServiceError,
    UnsupportedOperationException,
    ValidationException,
)
from headrace.model.api import OPERATIONS
from headrace.store import access_keys
from headrace.testing import START, Headrace, running
from tests.e2e import custom
from tests.standins.processes import PATIENCE_S

PATIENT = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S)
ORDERS = b"id,amount\n1,12.50\n2,8\n"
MAP_ALL = {"taskType": "Map_all", "sourceFields": [], "connectorOperator": {"S3": "NO_OP"}, "taskProperties": {}}


def flow(name: str, **members: Any) -> dict[str, Any]:
    source = {"bucketName": "raw", "bucketPrefix": "orders"}
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand", "triggerProperties": {}},
        "sourceFlowConfig": {"connectorType": "S3", "sourceConnectorProperties": {"S3": source}},
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": [MAP_ALL],
        **members,
    }


SCHEDULED = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1days)", "dataPullMode": "Complete"}},
}


@pytest.fixture(name="service", scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("client") / "data", settings={"HEADRACE_AUTH": "sigv4"}) as service:
        service.put_object("raw", "orders/today.csv", ORDERS)
        service.put_object("raw", "zeros/today.csv", b"id,amount\n1,0\n")
        yield service


def key_of(service: Headrace, policy: dict[str, Any] | None = None) -> Credentials:
    backend = service.service.backend
    arn = "arn:aws:iam::000000000000:user/ana"
    made = backend.store.write(
        lambda tx: access_keys.create(tx, backend.sealer, arn=arn, policy=policy, now_ms=0)
    ).result()
    return Credentials(made.key_id, made.secret)


class Driven:
    """One of the clients; `__call__` waits for whatever a call of it comes to."""

    def __init__(self, client: Any, runner: asyncio.Runner | None) -> None:
        self.client = client
        self._runner = runner

    def __call__(self, call: Callable[[Any], Any]) -> Any:
        found = call(self.client)
        if self._runner is None:
            return list(found) if isinstance(found, Iterator) else found
        return self._runner.run(_awaited(found))


async def _awaited(found: Any) -> Any:
    if hasattr(found, "__aiter__"):
        return [each async for each in found]
    return await found if isawaitable(found) else found


Open = Callable[..., Driven]


@pytest.fixture(name="open_client", params=["threads", "async"])
def opened(request: pytest.FixtureRequest, service: Headrace) -> Iterator[Open]:
    """Opens a client of the service: open_client(credentials)."""
    with ExitStack() as stack:

        def make(credentials: Credentials | None, **options: Any) -> Driven:
            given: dict[str, Any] = {
                "endpoint_url": service.url,
                "credentials": credentials,
                "environment": {},
                "clock": service.clock,
                "timeouts": PATIENT,
                **options,
            }
            if request.param == "threads":
                return Driven(stack.enter_context(Client(**given)), None)
            runner = stack.enter_context(asyncio.Runner())
            driven = Driven(AsyncClient(**given), runner)
            stack.callback(driven, lambda client: client.close())
            return driven

        yield make


@pytest.fixture(name="ask")
def allowed(open_client: Open, service: Headrace) -> Driven:
    return open_client(key_of(service))


@pytest.fixture(name="name")
def flow_name(request: pytest.FixtureRequest) -> str:
    """A name that no other test has."""
    kept = (sign if sign.isalnum() else "-" for sign in request.node.name)
    return "".join(kept).strip("-")


def test_a_flow_is_created_run_awaited_described_and_deleted(ask: Driven, service: Headrace, name: str) -> None:
    created = ask(lambda client: client.send(CreateFlowInput.from_document(flow(name, tags={"team": "sales"}))))
    assert created.flow_status == FlowStatus.ACTIVE
    started = ask(lambda client: client.start_flow().flow_name(name).send())
    assert (started.flow_arn, started.flow_status) == (created.flow_arn, "Active")
    assert started.request_id
    seen: list[Any] = []
    record = ask(lambda client: client.wait_for_execution(name, started.execution_id, on_progress=seen.append))
    assert (record.execution_status, record.execution_result.records_processed) == ("Successful", 2)
    assert record.started_at == START
    assert seen[-1] == record
    described = ask(lambda client: client.describe_flow(flow_name=name))
    assert described.tags == {"team": "sales"}
    assert described.tasks[0].to_document() == MAP_ALL
    assert described.last_run_execution_details.most_recent_execution_status == "Successful"
    assert described.created_by == "arn:aws:iam::000000000000:user/ana"
    assert ask(lambda client: client.delete_flow(flow_name=name)).request_id
    with pytest.raises(ResourceNotFoundException, match=name) as raised:
        ask(lambda client: client.describe_flow(flow_name=name))
    assert raised.value.request_id


def test_what_describe_answers_update_takes_and_changes_nothing(ask: Driven, name: str) -> None:
    ask(lambda client: client.create_flow(**python(flow(name, description="mine"))))
    before = ask(lambda client: client.describe_flow(flow_name=name))
    ask(
        lambda client: client.update_flow(
            flow_name=name,
            description=before.description,
            trigger_config=before.trigger_config,
            source_flow_config=before.source_flow_config,
            destination_flow_config_list=before.destination_flow_config_list,
            tasks=before.tasks,
        )
    )
    assert ask(lambda client: client.describe_flow(flow_name=name)).replace(last_updated_at=None) == before.replace(
        last_updated_at=None
    )


def python(document: dict[str, Any]) -> dict[str, Any]:
    """The members of a flow by their names in Python, the nested ones as they are."""
    names = {member.wire: member.name for member in CreateFlowInput._members_}
    return {names[key]: value for key, value in document.items()}


def test_a_scheduled_flow_is_activated_and_stopped_without_an_execution(ask: Driven, name: str) -> None:
    ask(lambda client: client.create_flow(**python(flow(name, triggerConfig=SCHEDULED))))
    started = ask(lambda client: client.start_flow(flow_name=name))
    assert (started.flow_status, started.execution_id) == ("Active", None)
    assert ask(lambda client: client.stop_flow(flow_name=name)).flow_status == "Suspended"


def test_the_same_token_starts_one_run(ask: Driven, name: str) -> None:
    ask(lambda client: client.create_flow(**python(flow(name))))
    first, second = (ask(lambda client: client.start_flow(flow_name=name, client_token="t")) for _ in range(2))
    assert first.execution_id == second.execution_id
    ask(lambda client: client.wait_for_execution(name, first.execution_id))
    assert len(ask(lambda client: client.describe_flow_execution_records().flow_name(name).items())) == 1


class LosesTheFirstAnswer:
    """A network that carries the first request, and breaks before its answer."""

    def __init__(self) -> None:
        self.connections = Connections(PATIENT, {})
        self.tokens: list[str] = []

    def send(self, request: Request) -> Reply:
        reply = self.connections.send(request)
        self.tokens.append(json.loads(request.body)["clientToken"])
        if len(self.tokens) == 1:
            raise ConnectionFailed("the answer is lost", was_sent=True)
        return reply

    def close(self) -> None:
        self.connections.close()


class LosesTheFirstAnswerAsync(LosesTheFirstAnswer):
    """The same, awaited."""

    async def send(self, request: Request) -> Reply:  # pyright: ignore[reportIncompatibleMethodOverride]
        return LosesTheFirstAnswer.send(self, request)

    async def close(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.connections.close()


def test_a_retry_after_a_lost_answer_starts_no_second_run(
    ask: Driven, open_client: Open, service: Headrace, name: str
) -> None:
    ask(lambda client: client.create_flow(**python(flow(name))))
    is_async = isinstance(ask.client, AsyncClient)
    network = LosesTheFirstAnswerAsync() if is_async else LosesTheFirstAnswer()
    unlucky = open_client(key_of(service), transport=network, random=lambda: 0.0)
    started = unlucky(lambda client: client.start_flow(flow_name=name))
    first, second = network.tokens
    assert first == second
    ask(lambda client: client.wait_for_execution(name, started.execution_id))
    runs = ask(lambda client: client.describe_flow_execution_records().flow_name(name).items())
    assert [each.execution_id for each in runs] == [started.execution_id]


def test_a_run_that_fails_is_told_with_its_reason(ask: Driven, name: str) -> None:
    never = {"taskType": "Validate", "sourceFields": ["amount"], "connectorOperator": {"S3": "VALIDATE_NON_ZERO"}}
    document = flow(name, tasks=[{**never, "taskProperties": {"VALIDATION_ACTION": "DropDataset"}}, MAP_ALL])
    document["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketPrefix"] = "zeros"
    ask(lambda client: client.create_flow(**python(document)))
    started = ask(lambda client: client.start_flow(flow_name=name))
    with pytest.raises(ExecutionFailed, match=f"{started.execution_id} of {name} ended as Error: .*") as raised:
        ask(lambda client: client.wait_for_execution(name, started.execution_id))
    assert raised.value.record.execution_id == started.execution_id


def test_lists_go_over_all_pages(ask: Driven, name: str) -> None:
    names = {f"{name}-{number}" for number in range(5)}
    for each in sorted(names):
        ask(lambda client, each=each: client.create_flow(**python(flow(each))))
    found = ask(lambda client: client.list_flows().max_results(2).items())
    assert names <= {each.flow_name for each in found}
    pages = ask(lambda client: client.list_flows().max_results(2).pages())
    assert [len(page.flows) for page in pages[:-1]] == [2] * (len(pages) - 1)


def test_tags_come_and_go(ask: Driven, name: str) -> None:
    arn = ask(lambda client: client.create_flow(**python(flow(name)))).flow_arn
    ask(lambda client: client.tag_resource(resource_arn=arn, tags={"a/b": "1", "c": "2", "d:+": "a b"}))
    ask(lambda client: client.untag_resource(resource_arn=arn, tag_keys=["a/b", "d:+"]))
    assert ask(lambda client: client.list_tags_for_resource(resource_arn=arn)).tags == {"c": "2"}


def test_each_error_of_the_service_is_its_class(ask: Driven, name: str) -> None:
    ask(lambda client: client.create_flow(**python(flow(name))))
    with pytest.raises(ConflictException):
        ask(lambda client: client.create_flow(**python(flow(name))))
    with pytest.raises(UnsupportedOperationException):
        ask(lambda client: client.stop_flow(flow_name=name))
    with pytest.raises(ValidationException, match="flowName"):
        ask(lambda client: client.describe_flow_execution_records(flow_name="no good name"))


def test_runs_are_cancelled(ask: Driven, name: str) -> None:
    ask(lambda client: client.create_flow(**python(flow(name))))
    answer = ask(lambda client: client.cancel_flow_executions(flow_name=name, execution_ids=["none-such"]))
    assert answer.invalid_executions == ("none-such",)


def test_what_a_policy_forbids_is_denied(open_client: Open, service: Headrace) -> None:
    only_lists = {"Effect": "Allow", "Action": "appflow:ListFlows", "Resource": "*"}
    ask = open_client(key_of(service, {"Version": "2012-10-17", "Statement": [only_lists]}))
    ask(lambda client: client.list_flows().send())
    with pytest.raises((AccessDeniedException, ServiceError), match="not authorized to perform: appflow:DescribeFlow"):
        ask(lambda client: client.describe_flow(flow_name="orders"))


@pytest.mark.parametrize(
    "credentials, code",
    [
        (None, "MissingAuthenticationTokenException"),
        (Credentials("AKIDNONE", "x"), "UnrecognizedClientException"),
    ],
)
def test_callers_that_are_not_known_are_told_so(open_client: Open, credentials: Credentials | None, code: str) -> None:
    with pytest.raises(CredentialsRefused) as raised:
        open_client(credentials)(lambda client: client.list_flows().send())
    assert (raised.value.code, raised.value.status) == (code, 403)


def test_a_wrong_secret_is_refused(open_client: Open, service: Headrace) -> None:
    wrong = key_of(service)._replace(secret_access_key="wrong")
    with pytest.raises(CredentialsRefused, match="does not match"):
        open_client(wrong)(lambda client: client.list_flows().send())


@pytest.fixture(name="label")
def registered(ask: Driven, service: Headrace, name: str) -> str:
    """The label of a custom connector."""
    custom.host(service, "stock_connector:handle")
    ask(
        lambda client: client.register_connector(
            connector_label=name,
            connector_provisioning_type="LAMBDA",
            connector_provisioning_config={"lambda": {"lambdaArn": custom.ARN}},
        )
    )
    return name


def test_connectors_are_registered_described_and_forgotten(ask: Driven, label: str) -> None:
    ask(lambda client: client.update_connector_registration(connector_label=label, description="new"))
    described = ask(lambda client: client.describe_connector(connector_type="CustomConnector", connector_label=label))
    assert described.connector_configuration.connector_label == label
    assert label in {each.connector_label for each in ask(lambda client: client.list_connectors().items())}
    built_in = ask(lambda client: client.describe_connectors().connector_types(["S3"]).send())
    assert list(built_in.connector_configurations) == ["S3"]
    ask(lambda client: client.unregister_connector(connector_label=label))
    assert label not in {each.connector_label for each in ask(lambda client: client.list_connectors().items())}


def test_profiles_are_made_browsed_with_and_deleted(ask: Driven, label: str) -> None:
    profile = f"{label}-profile"
    wire = custom.profile(profile, label, custom.BASIC)
    shared = {"connector_profile_name": profile, "connection_mode": "Public"}
    config = {"connector_profile_config": wire["connectorProfileConfig"]}
    kind = {"connector_type": "CustomConnector", "connector_label": label}
    created = ask(lambda client: client.create_connector_profile(**shared, **config, **kind))
    updated = ask(lambda client: client.update_connector_profile(**shared, **config))
    assert created.connector_profile_arn == updated.connector_profile_arn
    [found] = ask(lambda client: client.describe_connector_profiles().connector_profile_names([profile]).items())
    assert found.connector_profile_name == profile
    of_profile = {"connector_profile_name": profile, "connector_type": "CustomConnector"}
    entities = ask(lambda client: client.list_connector_entities(**of_profile)).connector_entity_map
    assert "stock" in {entity.name for group in entities.values() for entity in group}
    fields = ask(lambda client: client.describe_connector_entity(connector_entity_name="stock", **of_profile))
    assert {"id", "name"} <= {field.identifier for field in fields.connector_entity_fields}
    ask(lambda client: client.reset_connector_metadata_cache(**of_profile))
    ask(lambda client: client.delete_connector_profile(connector_profile_name=profile))
    assert ask(lambda client: client.describe_connector_profiles().connector_profile_names([profile]).items()) == []


def test_every_operation_is_called_in_this_file() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    methods = ["".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)[1:] for name in OPERATIONS]
    assert [method for method in methods if f".{method}(" not in text] == []
