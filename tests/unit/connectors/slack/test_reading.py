"""The Slack connector against a workspace on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Condition, Connection, Credentials, Query, RecordConnector
from headrace.connectors.slack import CONNECTOR
from headrace.errors import ConnectorError, Denied, NotThere, Refused, Retry, Stop
from headrace.settings import Settings
from tests.standins.slack import Answer, Call, Workspace, channel, limited, message, refused, serving, web_page

TALK = [message(number) for number in range(7)]
Opener = Callable[..., RecordConnector]
QUERY = Query(
    entity="conversations/C1",
    fields=None,
    filter_expression=None,
    after=None,
    page_size=1000,
    flow_name="flow",
    execution_id="execution",
    api_version=None,
    settings={},
)


@pytest.fixture(name="workspace")
def acme() -> Iterator[Workspace]:
    conversations = [
        channel("C1", "general"),
        channel("G1", "board", "private_channel"),
        channel("C2", "old", is_archived=True),
        channel("G2", "mpdm-ann--bob-1", "mpim"),
        channel("D1", "U2", "im"),
    ]
    with serving(Workspace(conversations=conversations, history={"C1": TALK, "C2": []}, page_size=3)) as workspace:
        yield workspace


@pytest.fixture(name="http", scope="module")
def network() -> Iterator[Http]:
    http = Http()
    yield http
    http.close()


@pytest.fixture(name="opened")
def connecting(workspace: Workspace, http: Http) -> Opener:
    def opened(token: str = workspace.token, url: str = workspace.url) -> RecordConnector:
        connection = Connection(
            account="000000000000",
            region="us-east-1",
            profile_name="acme",
            connector_type="Slack",
            connector_label=None,
            properties={"instanceUrl": url},
            credentials=Credentials("OAuth2", {"clientId": "1.2", "accessToken": token}),
            secret_arn="arn",
        )
        outside = Outside(
            connection=lambda: connection,
            refresh=bool,
            kept=lambda _, ask: ask(),
            settings=Settings(data=Path("unused")),
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            http=http,
        )
        return CONNECTOR.open(connection, outside)

    return opened


def always(answer: Answer, method: str = "conversations.history") -> Callable[[Call], Answer | None]:
    return lambda call: answer if call.method == method else None


def once(answer: Answer, method: str = "conversations.history") -> Callable[[Call], Answer | None]:
    answers = [answer]
    return lambda call: answers.pop() if call.method == method and answers else None


def read(connector: RecordConnector, query: Query = QUERY) -> list[dict[str, Any]]:
    return [json.loads(record) for page in connector.read(query) for record in page.records]


def test_a_conversation_is_read_to_its_end_newest_first(workspace: Workspace, opened: Opener) -> None:
    assert read(opened()) == TALK[::-1]
    assert [each.get("limit") for each in workspace.asked("conversations.history")] == ["999"] * 3


def test_reading_goes_on_where_a_page_said(workspace: Workspace, opened: Opener) -> None:
    first, second, *_ = opened().read(QUERY)
    assert (len(first.records), len(second.records)) == (3, 3)
    assert read(opened(), replace(QUERY, after=first.position)) == TALK[3::-1]


def test_a_conversation_without_messages_is_one_empty_page(workspace: Workspace, opened: Opener) -> None:
    (page,) = opened().read(replace(QUERY, entity="conversations/C2"))
    assert (page.records, page.position) == ((), None)


def test_numbers_and_text_come_as_slack_wrote_them(workspace: Workspace, opened: Opener) -> None:
    odd = '{"ts":"1700000000.000001","n":1.10,"big":12345678901234567890123,"text":"caf\\u00e9 \\ud83d\\ude00"}'
    body = f'{{"ok":true,"messages":[{odd}],"has_more":false}}'
    workspace.rule = always(Answer(body.encode(), headers={"content-type": "application/json"}))
    (page,) = opened().read(QUERY)
    assert page.records == (odd,)


def test_the_time_that_is_wanted_is_what_slack_is_asked_for_on_every_page(workspace: Workspace, opened: Opener) -> None:
    late = Condition("ts", "GREATER_THAN", ("1700000090",), "number")
    found = read(opened(), replace(QUERY, conditions=(late,)))
    assert found == TALK[:1:-1]
    asked = workspace.asked("conversations.history")
    assert [(each["oldest"], each["inclusive"]) for each in asked] == [("1700000090.000000", "true")] * 2


def test_a_trailing_slash_of_the_instance_url_does_not_matter(workspace: Workspace, opened: Opener) -> None:
    opened(url=f"{workspace.url}/").check()
    assert [call.method for call in workspace.calls] == ["auth.test"]


@pytest.mark.parametrize("url", ["acme", "acme.slack.com", "ftp://acme.slack.com"])
def test_an_instance_url_without_its_scheme_is_told(workspace: Workspace, opened: Opener, url: str) -> None:
    with pytest.raises(Stop, match="is no URL: write it with https://"):
        opened(url=url).check()


# --- what there is -------------------------------------------------------------------------------


def test_conversations_are_a_folder_of_channels(workspace: Workspace, opened: Opener) -> None:
    connector = opened()
    assert connector.entities(None) == [{"name": "conversations", "label": "Conversations", "hasNestedEntities": True}]
    assert [(each["name"], each["label"]) for each in connector.entities("conversations")] == [
        ("conversations/C1", "general"),
        ("conversations/G1", "board"),
        ("conversations/C2", "old"),
        ("conversations/G2", "mpdm-ann--bob-1"),
        ("conversations/D1", "U2"),
    ]
    assert (CONNECTOR.group(None), CONNECTOR.group("conversations")) == ("Objects", "Channels")
    assert len(workspace.asked("conversations.list")) == 2


def test_kinds_of_conversations_that_the_token_may_not_list_are_left_out(workspace: Workspace, opened: Opener) -> None:
    workspace.scopes = frozenset({"channels", "im"})
    found = [each["label"] for each in opened().entities("conversations")]
    assert found == ["general", "old", "U2"]


def test_a_token_that_may_list_nothing_is_told_the_scope_it_needs(workspace: Workspace, opened: Opener) -> None:
    workspace.scopes = frozenset()
    with pytest.raises(Denied, match=r"missing_scope.*Give the Slack app the scope channels:read"):
        opened().entities("conversations")


def test_a_list_that_leads_in_a_circle_is_given_up(workspace: Workspace, opened: Opener) -> None:
    workspace.rule = circle("conversations.list", "channels")
    with pytest.raises(Stop, match="would never end"):
        opened().entities("conversations")


def test_reading_that_leads_in_a_circle_is_given_up(workspace: Workspace, opened: Opener) -> None:
    workspace.rule = circle("conversations.history", "messages")
    with pytest.raises(Stop, match="would never end"):
        read(opened())


def circle(method: str, member: str) -> Callable[[Call], Answer | None]:
    """Two pages, each of which names the other as the next."""
    following = {"": "YQ==", "YQ==": "Yg==", "Yg==": "YQ=="}

    def rule(call: Call) -> Answer | None:
        cursor = following[call.arguments.get("cursor", "")]
        body = {"ok": True, member: [], "response_metadata": {"next_cursor": cursor}}
        return Answer(json.dumps(body).encode()) if call.method == method else None

    return rule


@pytest.mark.parametrize("path", ["users", "conversations/C1", ""])
def test_there_is_nothing_below_other_paths(workspace: Workspace, opened: Opener, path: str) -> None:
    with pytest.raises(NotThere, match="only below 'conversations'"):
        opened().entities(path)


@pytest.mark.parametrize("entity", ["users", "conversations", "conversations/", "conversations/C1/replies"])
def test_other_entities_are_not_there(workspace: Workspace, opened: Opener, entity: str) -> None:
    with pytest.raises(NotThere, match=r"It has: conversations/\{channel\}"):
        opened().describe(entity)
    assert workspace.calls == []


def test_a_conversation_is_described_if_it_can_be_read(workspace: Workspace, opened: Opener) -> None:
    fields = {each["identifier"]: each for each in opened().describe("conversations/C1")}
    assert len(fields) == 36
    assert fields["reply_count"]["supportedFieldTypeDetails"]["v1"]["fieldType"] == "Integer"
    assert [name for name, each in fields.items() if each["isPrimaryKey"]] == ["ts"]
    assert workspace.asked("conversations.history") == [{"channel": "C1", "limit": "1"}]
    with pytest.raises(NotThere, match="channel_not_found"):
        opened().describe("conversations/C9")


def test_what_a_channels_name_holds_leads_nowhere_else(workspace: Workspace, opened: Opener) -> None:
    with pytest.raises(NotThere, match="channel_not_found"):
        opened().describe("conversations/C9&channel=C1?x=%2e")
    assert workspace.asked("conversations.history") == [{"channel": "C9&channel=C1?x=%2e", "limit": "1"}]


# --- when Slack says no --------------------------------------------------------------------------


def test_a_token_is_tried_by_auth_test(workspace: Workspace, opened: Opener) -> None:
    opened().check()
    with pytest.raises(Refused, match="invalid_auth") as refusal:
        opened(token="xoxb-planted-other").check()
    assert "planted" not in refusal.value.message


@pytest.mark.parametrize(
    "word,kind",
    [
        ("token_revoked", Refused),
        ("token_expired", Refused),
        ("account_inactive", Refused),
        ("not_authed", Refused),
        ("channel_not_found", NotThere),
        ("not_in_channel", Denied),
        ("no_permission", Denied),
        ("invalid_cursor", Stop),
        ("something_new", Stop),
    ],
)
def test_slacks_words_are_told_and_end_the_reading(
    workspace: Workspace, opened: Opener, word: str, kind: type[ConnectorError]
) -> None:
    workspace.rule = always(refused(word))
    with pytest.raises(Stop, match=word) as refusal:
        read(opened())
    assert type(refusal.value) is kind
    assert len(workspace.calls) == 1


def test_a_scope_that_is_missing_is_named(workspace: Workspace, opened: Opener) -> None:
    workspace.rule = always(refused("missing_scope", needed="channels:history", provided="users:read"))
    with pytest.raises(Denied, match="Give the Slack app the scope channels:history, and install it again"):
        read(opened())


def test_slacks_sentences_are_told_with_its_word(workspace: Workspace, opened: Opener) -> None:
    sentence = "[ERROR] must be a valid channel"
    workspace.rule = always(refused("invalid_arguments", response_metadata={"messages": [sentence]}))
    with pytest.raises(Stop, match=r"invalid_arguments: \[ERROR\] must be a valid channel"):
        read(opened())


@pytest.mark.parametrize(
    "answer",
    [limited(0), refused("ratelimited"), refused("internal_error"), web_page(502), web_page(503), Answer(b'{"ok": tr')],
    ids=["429", "ratelimited", "internal_error", "502", "503", "cut short"],
)
def test_what_may_pass_is_asked_again(workspace: Workspace, opened: Opener, answer: Answer) -> None:
    workspace.rule = once(answer)
    assert read_again(opened()) == TALK[::-1]


def read_again(connector: RecordConnector) -> list[dict[str, Any]]:
    """As the runner does."""
    try:
        return read(connector)
    except Retry:
        return read(connector)


def test_a_long_wait_is_left_to_the_runner(workspace: Workspace, opened: Opener) -> None:
    workspace.rule = always(limited(60))
    with pytest.raises(Retry, match="ratelimited") as limit:
        read(opened())
    assert limit.value.after_s == 60
    assert len(workspace.calls) == 1


def test_a_web_page_with_status_200_is_no_workspace(workspace: Workspace, opened: Opener) -> None:
    workspace.rule = always(web_page(200), "auth.test")
    with pytest.raises(Stop, match="HTML"):
        opened().check()
    workspace.rule = always(web_page(200))
    with pytest.raises(Stop, match=r"answered no JSON.*Is the URL right\?"):
        read(opened())


def test_an_answer_without_messages_is_told(workspace: Workspace, opened: Opener) -> None:
    workspace.rule = always(Answer(b'{"ok": true, "channel": "C1"}'))
    with pytest.raises(Stop, match="answered no list of records in 'messages': only ok, channel"):
        read(opened())
