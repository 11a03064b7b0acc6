"""Slack as it is on a bad day, and its tokens: boto3 → headrace → a strict workspace on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.testing import START, Headrace, running
from tests.e2e import custom
from tests.e2e.slack import flow, profile, written
from tests.standins.slack import Answer, Call, Workspace, channel, limited, message, refused, serving, web_page

TALK = [message(number) for number in range(8)]
ENTITY = "conversations/C1"
A_MINUTE = timedelta(minutes=1)


@pytest.fixture(name="workspace")
def acme() -> Iterator[Workspace]:
    workspace = Workspace(conversations=[channel("C1", "general")], history={"C1": TALK}, page_size=3)
    with serving(workspace):
        yield workspace


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        yield service


@pytest.fixture(name="appflow")
def client(service: Headrace) -> Iterator[Any]:
    appflow = custom.client(service)
    yield appflow
    appflow.close()


@pytest.fixture(name="connected")
def with_profile(appflow: Any, workspace: Workspace) -> Any:
    appflow.create_connector_profile(**profile("acme", workspace.url, accessToken=workspace.token))
    return appflow


def every_other(answer: Answer) -> Callable[[Call], Answer | None]:
    """The answer to every other request for messages, beginning with the second: the first describes."""
    count = iter(range(1000))
    return lambda call: answer if call.method == "conversations.history" and next(count) % 2 else None


@pytest.mark.parametrize("answer", [limited(1), refused("internal_error"), web_page(502)], ids=["429", "200", "502"])
def test_every_message_comes_once_however_often_slack_puts_off(
    service: Headrace, connected: Any, workspace: Workspace, answer: Answer
) -> None:
    workspace.rule = every_other(answer)

    record = custom.run(service, connected, flow("talk", ENTITY))

    assert record["executionStatus"] == "Successful", record
    assert written(service) == TALK[::-1]


@pytest.mark.parametrize(
    "answer,words",
    [
        (refused("token_revoked"), "token_revoked"),
        (refused("missing_scope", needed="channels:history"), "Give the Slack app the scope channels-history"),
        (refused("something_new"), "something_new"),
        (web_page(200), "answered no JSON but a page of HTML"),
    ],
    ids=["revoked", "scope", "new", "page"],
)
def test_a_run_that_slack_refuses_fails_with_slacks_words(
    service: Headrace, connected: Any, workspace: Workspace, answer: Answer, words: str
) -> None:
    connected.create_flow(**flow("talk", ENTITY))
    workspace.rule = lambda call: answer if call.arguments.get("cursor") else None

    execution = connected.start_flow(flowName="talk")["executionId"]
    service.wait_until_settled([execution])

    (record,) = connected.describe_flow_execution_records(flowName="talk")["flowExecutions"]
    assert record["executionStatus"] == "Error"
    told = record["executionResult"]["errorInfo"]["executionMessage"]
    assert words in told
    assert workspace.token not in told
    assert written(service) == []


def test_a_flow_of_a_conversation_that_cant_be_read_is_not_made(connected: Any, workspace: Workspace) -> None:
    workspace.rule = lambda call: refused("not_in_channel") if call.method == "conversations.history" else None
    with pytest.raises(ClientError, match="Invite the app") as refusal:
        connected.create_flow(**flow("talk", ENTITY))
    assert refusal.value.response["Error"]["Code"] == "ConnectorServerException"


@pytest.mark.parametrize("answer", [web_page(200), web_page(404), Answer(b'{"hello": "world"}'), Answer(b"[]")])
def test_a_url_that_is_not_slacks_makes_no_profile(appflow: Any, workspace: Workspace, answer: Answer) -> None:
    workspace.rule = lambda call: answer
    with pytest.raises(ClientError, match="ConnectorServerException"):
        appflow.create_connector_profile(**profile("acme", workspace.url, accessToken=workspace.token))


def test_the_code_of_a_user_becomes_the_users_token_and_is_renewed(
    service: Headrace, appflow: Any, workspace: Workspace
) -> None:
    user = {"id": "U1", "access_token": "xoxe.xoxp-planted-1", "refresh_token": "xoxe-planted-1", "expires_in": 43200}
    workspace.grant = {"access_token": "xoxb-planted-bot", "authed_user": user}
    workspace.token = "xoxe.xoxp-planted-1"
    request = {"authCode": "planted-code", "redirectUri": "https://here.example/"}
    appflow.create_connector_profile(**profile("acme", f"{workspace.url}/", oAuthRequest=request))
    assert workspace.asked("oauth.v2.access") == [
        {
            "grant_type": "authorization_code",
            "code": "planted-code",
            "redirect_uri": "https://here.example/",
            "client_id": "11.22",
            "client_secret": "planted-secret",
        }
    ]

    workspace.token = "xoxe.xoxp-planted-2"
    workspace.grant = {"access_token": "xoxe.xoxp-planted-2", "refresh_token": "xoxe-planted-2", "expires_in": 43200}
    # Past ten seconds, in which a token counts as new.
    service.clock.turn(A_MINUTE)
    record = custom.run(service, appflow, flow("talk", ENTITY))

    assert record["executionStatus"] == "Successful", record
    assert written(service) == TALK[::-1]
    assert workspace.asked("oauth.v2.access")[1]["refresh_token"] == "xoxe-planted-1"


def said(at: datetime) -> dict[str, Any]:
    return message(0, ts=f"{int(at.timestamp())}.000100", text=at.isoformat())


def test_an_incremental_flow_reads_what_was_said_since(service: Headrace, connected: Any, workspace: Workspace) -> None:
    talk = [said(START - timedelta(days=40)), said(START - A_MINUTE)]
    workspace.history = {"C1": talk}
    timing = {"scheduleExpression": "rate(1minutes)", "dataPullMode": "Incremental"}
    trigger = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}
    connected.create_flow(**flow("talk", ENTITY) | {"triggerConfig": trigger})
    connected.start_flow(flowName="talk")

    turn(service, timedelta(seconds=1))
    assert written(service) == talk[1:]
    talk.append(said(START + A_MINUTE / 2))
    turn(service, A_MINUTE)
    turn(service, A_MINUTE)

    runs = connected.describe_flow_execution_records(flowName="talk")["flowExecutions"]
    assert [each["executionStatus"] for each in runs] == ["Successful"] * 3
    assert sum(each["executionResult"]["recordsProcessed"] for each in runs) == 2
    assert sorted(each["text"] for each in written(service)) == [each["text"] for each in talk[1:]]
    spans = [(each["oldest"], each["latest"]) for each in workspace.asked("conversations.history") if "oldest" in each]
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert len(spans) == 3


def turn(service: Headrace, by: timedelta) -> None:
    service.turn(by)
    service.wait_until_idle()


def test_a_code_that_slack_does_not_know_makes_no_profile(appflow: Any, workspace: Workspace) -> None:
    request = {"authCode": "planted-code", "redirectUri": "https://here.example/"}
    with pytest.raises(ClientError, match="invalid_code") as refusal:
        appflow.create_connector_profile(**profile("acme", workspace.url, oAuthRequest=request))
    assert refusal.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert "planted" not in str(refusal.value)


def test_messages_go_to_a_custom_connector(
    service: Headrace, connected: Any, workspace: Workspace, tmp_path: Path
) -> None:
    custom.host(service, "stock_connector:handle")
    connected.register_connector(**custom.registration("Stock"))
    connected.create_connector_profile(**custom.profile("shop", "Stock", custom.BASIC, file=str(tmp_path / "written")))
    moved = flow("move", ENTITY)
    moved["destinationFlowConfigList"] = custom.to_connector("", "shop", "stock")["destinationFlowConfigList"]
    moved["tasks"] = custom.mapping("Slack", "ts", "text")

    record = custom.run(service, connected, moved)

    assert record["executionStatus"] == "Successful", record
    lines = (tmp_path / "written").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"ts": each["ts"], "text": each["text"]} for each in TALK[::-1]]


def test_slack_may_answer_elsewhere_than_profiles_say(tmp_path: Path, workspace: Workspace) -> None:
    with running(tmp_path / "data", settings={"HEADRACE_CONNECTOR_URLS": f"Slack={workspace.url}"}) as service:
        appflow = custom.client(service)
        appflow.create_connector_profile(**profile("acme", "https://acme.slack.com", accessToken=workspace.token))
        record = custom.run(service, appflow, flow("talk", ENTITY))
        assert record["executionStatus"] == "Successful", record
        assert written(service) == TALK[::-1]
        appflow.close()
