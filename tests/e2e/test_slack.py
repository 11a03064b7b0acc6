"""From Slack to S3: boto3 → headrace → somebody else's stand-in of Slack, compared with what slack_sdk reads there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.testing import Headrace, running
from tests.e2e import custom
from tests.e2e.slack import bounded, flow, profile, written
from tests.standins.faulty import Fault, FaultyProxy, faulty_proxy

backlot: Any = pytest.importorskip("backlot", reason="backlot, the stand-in for Slack, is not installed")
slack_sdk: Any = pytest.importorskip("slack_sdk", reason="slack_sdk, which reads for comparison, is not installed")

MESSAGES = 260
START = 1_700_000_000
EVERYONE = {"visibility": "public", "author_groups": ["staff"]}


def said(number: int, channel: str = "general", **members: Any) -> dict[str, Any]:
    author = ("ava", "Ava") if number % 3 else ("bob", "Bob")
    return {
        "source_type": "slack",
        "doc_id": f"{channel}-{number}",
        "channel": channel,
        "content": f'message {number}: caf\u00e9 \u2713, "quoted" & <@U1>\nnext line',
        "created": START + 60 * number,
        "author_email": f"{author[0]}@example.com",
        "author_name": author[1],
        **EVERYONE,
        **members,
    }


def corpus() -> list[dict[str, Any]]:
    thread = [
        {"content": "a reply", "author_email": "bob@example.com", "author_name": "Bob", "created": START + 60 * 7 + 5},
        {"content": "another", "author_email": "ava@example.com", "author_name": "Ava", "created": START + 60 * 7 + 9},
    ]
    special: dict[int, dict[str, Any]] = {
        7: {"replies": thread},
        8: {"reactions": [{"name": "eyes", "users": ["ava@example.com", "bob@example.com"]}]},
        9: {"subtype": "channel_join"},
        11: {"files": [{"id": "F1", "name": "a.csv", "size": 12}]},
    }
    hidden = {"visibility": "group", "group": "board", "author_groups": ["board"]}
    return [
        *(said(number, **special.get(number, {})) for number in range(MESSAGES)),
        said(1, "random"),
        said(2, "board-room", author_email="zoe@example.com", author_name="Zoe", **hidden),
    ]


@pytest.fixture(name="workspace", scope="module")
def slack() -> Iterator[Any]:
    with backlot.serve(corpus(), telemetry=False) as server:
        yield server


@pytest.fixture(name="reader", scope="module")
def independent_client(workspace: Any) -> Any:
    return slack_sdk.WebClient(token=workspace.token, base_url=f"{workspace.base_url}/slack/api/")


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        yield service


@pytest.fixture(name="proxy")
def between(workspace: Any) -> Iterator[FaultyProxy]:
    with faulty_proxy(workspace.base_url) as proxy:
        yield proxy


@pytest.fixture(name="appflow")
def connected(service: Headrace, workspace: Any, proxy: FaultyProxy) -> Iterator[Any]:
    appflow = custom.client(service)
    appflow.create_connector_profile(**profile("acme", f"{proxy.url}/slack", accessToken=workspace.token))
    yield appflow
    appflow.close()


def channel_of(reader: Any, name: str) -> str:
    (found,) = [each["id"] for each in listed(reader) if each["name"] == name]
    return f"conversations/{found}"


def listed(reader: Any) -> list[dict[str, Any]]:
    pages = reader.conversations_list(types="public_channel,private_channel,mpim,im", limit=2)
    return [each for page in pages for each in page["channels"]]


def history(reader: Any, entity: str) -> list[dict[str, Any]]:
    pages = reader.conversations_history(channel=entity.partition("/")[2], limit=50)
    return [each for page in pages for each in page["messages"]]


def without_nulls(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A record has a field of any other as null."""
    return [{name: value for name, value in record.items() if value is not None} for record in records]


def test_a_channels_messages_reach_s3_as_slack_sdk_reads_them(service: Headrace, appflow: Any, reader: Any) -> None:
    entity = channel_of(reader, "general")

    record = custom.run(service, appflow, flow("talk", entity))

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == MESSAGES
    assert without_nulls(written(service)) == without_nulls(history(reader, entity))


def test_channels_are_listed_below_conversations(appflow: Any, reader: Any) -> None:
    top = appflow.list_connector_entities(connectorProfileName="acme")["connectorEntityMap"]
    below = appflow.list_connector_entities(connectorProfileName="acme", entitiesPath="conversations")

    assert top == {"Objects": [{"name": "conversations", "label": "Conversations", "hasNestedEntities": True}]}
    assert below["connectorEntityMap"] == {
        "Channels": [
            {"name": f"conversations/{each['id']}", "label": each["name"], "hasNestedEntities": False}
            for each in listed(reader)
        ]
    }


def test_a_channel_is_described(appflow: Any, reader: Any) -> None:
    described = appflow.describe_connector_entity(
        connectorProfileName="acme", connectorEntityName=channel_of(reader, "general")
    )
    fields = {each["identifier"]: each for each in described["connectorEntityFields"]}
    ts = fields["ts"]["supportedFieldTypeDetails"]["v1"]
    assert set(ts["filterOperators"]) >= {"BETWEEN", "EQUAL_TO", "LESS_THAN", "GREATER_THAN_OR_EQUAL_TO"}
    assert fields["ts"]["sourceProperties"]["isTimestampFieldForIncrementalQueries"] is True
    seen = {name for message in history(reader, channel_of(reader, "general")) for name in message}
    assert seen <= fields.keys()


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "filters,wanted",
    [
        (
            [bounded("BETWEEN", DATA_TYPE="datetime", LOWER_BOUND=iso(START + 600), UPPER_BOUND=iso(START + 1200))],
            range(10, 20),
        ),
        ([bounded("GREATER_THAN_OR_EQUAL_TO", VALUE=f"{START + 60 * (MESSAGES - 3)}")], range(MESSAGES - 3, MESSAGES)),
        ([bounded("LESS_THAN", DATA_TYPE="datetime", VALUE=f"{START + 61}000")], range(2)),
    ],
)
def test_filters_by_time_are_slacks_work_and_then_the_engines(
    service: Headrace,
    appflow: Any,
    reader: Any,
    proxy: FaultyProxy,
    filters: list[dict[str, Any]],
    wanted: range,
) -> None:
    record = custom.run(service, appflow, flow("some", channel_of(reader, "general"), *filters))

    assert record["executionStatus"] == "Successful", record
    assert {int(each["text"].split(":")[0].split()[1]) for each in written(service)} == set(wanted)
    assert record["executionResult"]["recordsProcessed"] <= len(wanted) + 1
    (asked,) = [each for each in proxy.requests if "conversations.history" in each and "limit=1&" not in f"{each}&"]
    assert "inclusive=true" in asked


def test_answers_that_break_off_and_errors_on_the_way_cost_no_message(
    service: Headrace, appflow: Any, reader: Any, proxy: FaultyProxy
) -> None:
    entity = channel_of(reader, "general")
    appflow.create_flow(**flow("talk", entity))
    planned: list[Fault] = ["error", "cut", "pass", "cut", "error"]

    def rule(_: str, path: str) -> Fault:
        return planned.pop(0) if planned and "conversations.history" in path else "pass"

    proxy.rule = rule
    execution = appflow.start_flow(flowName="talk")["executionId"]
    service.wait_until_settled([execution])

    (record,) = appflow.describe_flow_execution_records(flowName="talk")["flowExecutions"]
    assert record["executionStatus"] == "Successful", record
    assert without_nulls(written(service)) == without_nulls(history(reader, entity))


def test_a_token_that_slack_refuses_makes_no_profile(service: Headrace, workspace: Any) -> None:
    appflow = custom.client(service)
    with pytest.raises(ClientError, match="invalid_auth") as refusal:
        appflow.create_connector_profile(
            **profile("acme", f"{workspace.base_url}/slack", accessToken="xoxp-planted-token")
        )
    assert refusal.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
    assert "xoxp-planted-token" not in str(refusal.value)
    assert appflow.describe_connector_profiles()["connectorProfileDetails"] == []
    appflow.close()


@pytest.mark.parametrize("entity", ["conversations/C000000000", "conversations", "users"])
def test_a_flow_of_what_is_not_there_is_not_made(appflow: Any, entity: str) -> None:
    with pytest.raises(ClientError, match="ConnectorServerException"):
        appflow.create_flow(**flow("none", entity))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        appflow.describe_connector_entity(connectorProfileName="acme", connectorEntityName=entity)
