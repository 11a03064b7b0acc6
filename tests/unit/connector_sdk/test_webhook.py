"""The webhook as a connector: what it says of itself, and that it neither reads nor writes."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.connector_sdk.listening import Posted
from headrace.connector_sdk.records import Batch, Connection, Credentials, Query
from headrace.connector_sdk.webhook import CONFIGURATION, Webhook
from headrace.errors import Stop


def webhook(**values: str) -> Webhook:
    given = Credentials("CustomAuth", values)
    return Webhook(Connection("1", "r", "shop", "CustomConnector", "Webhook", {}, given, "arn"))


SECRET = "0123456789abcdef"
GOOD = (
    {"customAuthenticationType": "NoAuthentication"},
    {"customAuthenticationType": "SigningSecret", "secret": SECRET},
)
BAD = (
    {},
    {"customAuthenticationType": "Other"},
    {"customAuthenticationType": "SigningSecret"},
    {"customAuthenticationType": "SigningSecret", "secret": SECRET[1:]},
)


def test_it_is_a_source_that_events_start() -> None:
    shown = {name: CONFIGURATION[name] for name in ("supportedTriggerTypes", "connectorModes", "canUseAsDestination")}
    assert shown == {"supportedTriggerTypes": ["Event"], "connectorModes": ["SOURCE"], "canUseAsDestination": False}
    assert CONFIGURATION["supportedDataTransferTypes"] == ["RECORD"]
    assert isinstance(webhook(), Posted)


def test_a_profile_has_a_secret_of_some_length_or_none() -> None:
    for values in GOOD:
        webhook(**values).check()
    for values in BAD:
        with pytest.raises(Stop):
            webhook(**values).check()
    assert [webhook(**values).secret for values in GOOD] == [None, SECRET]
    assert SECRET not in repr(webhook(**GOOD[1]))


def test_it_neither_reads_nor_writes_nor_has_settings() -> None:
    query: Any = Query("order", None, None, None, 1, "f", "e", None, {})
    batch = Batch("k", "order", "INSERT", (), (), "f", "e", None, {}, all_or_none=False)
    for refused in (
        lambda: webhook().read(query),
        lambda: webhook().write(batch),
        lambda: webhook().check_settings("DESTINATION", {}),
        lambda: webhook().check_settings("SOURCE", {"a": "b"}),
    ):
        with pytest.raises(Stop):
            refused()
    webhook().check_settings("SOURCE", {})
    assert (webhook().entities(None), webhook().describe("order")) == ((), ())
