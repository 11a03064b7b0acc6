"""The conformance suite over Slack, against the strict workspace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.conformance import conformance, of_built_in
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Connection, Credentials
from headrace.connectors.slack import CONNECTOR
from headrace.settings import Settings
from tests.standins.slack import Workspace, channel, message, serving

TALK = [message(number, reply_count=number, blocks=[{"type": "rich_text"}]) for number in range(11)]


@pytest.fixture(name="outside")
def acme() -> Iterator[Outside]:
    conversations = [channel("C1", "general"), channel("C2", "quiet"), channel("D1", "U2", "im")]
    workspace = Workspace(conversations=conversations, history={"C1": TALK, "C2": [], "D1": TALK[:3]}, page_size=5)
    http = Http()
    with serving(workspace):
        yield Outside(
            connection=lambda: Connection(
                account="000000000000",
                region="us-east-1",
                profile_name="acme",
                connector_type="Slack",
                connector_label=None,
                properties={"instanceUrl": workspace.url},
                credentials=Credentials("OAuth2", {"clientId": "1.2", "accessToken": workspace.token}),
                secret_arn="arn",
            ),
            refresh=bool,
            kept=lambda _, ask: ask(),
            settings=Settings(data=Path("unused")),
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            http=http,
        )
        http.close()


def test_slack_does_what_a_connector_must(outside: Outside) -> None:
    results = list(conformance(of_built_in(CONNECTOR, outside.connection(), outside)))
    assert [f"{each.check.name}: {each.reason}" for each in results if each.outcome == "failed"] == []
    # What else there is asks for Lambda requests, for settings, or for a destination.
    assert sum(each.outcome == "passed" for each in results) >= 19
