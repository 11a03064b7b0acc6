"""Profiles of a built-in connector that authenticate by OAuth 2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.testing import Headrace, running
from tests.e2e.built_in import client, from_desk, lines, profile, run
from tests.standins.help_desk import HelpDesk, help_desk
from tests.standins.help_desk_connector import ENTRY, PARDOT, S3

CODE = {"authCode": "planted-code", "redirectUri": "http://127.0.0.1/back"}


@pytest.fixture(name="desk")
def running_desk() -> Iterator[HelpDesk]:
    with help_desk(*({"id": number, "name": f"ticket {number}"} for number in range(5))) as desk:
        yield desk


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data", entries=[ENTRY, S3]) as service:
        yield service


@pytest.fixture(name="appflow")
def appflow_client(service: Headrace) -> Iterator[Any]:
    with client(service) as appflow:
        yield appflow


def test_a_code_is_redeemed_where_the_connector_says(service: Headrace, appflow: Any, desk: HelpDesk) -> None:
    appflow.create_connector_profile(**profile(desk, oAuthRequest=CODE))
    appflow.create_flow(**from_desk())

    assert run(service, appflow, "from-desk")["executionStatus"] == "Successful"
    assert lines(service) == desk.tickets
    assert desk.grants == [
        {
            "grant_type": "authorization_code",
            "code": "planted-code",
            "redirect_uri": "http://127.0.0.1/back",
            "client_id": "client",
            "client_secret": "planted-client-secret",
        }
    ]


def test_a_code_that_the_application_refuses_makes_no_profile(appflow: Any, desk: HelpDesk) -> None:
    desk.refusal = {"error": "invalid_grant", "error_description": "the code planted-code is of yesterday"}
    with pytest.raises(ClientError, match="invalid_grant") as refused:
        appflow.create_connector_profile(**profile(desk, oAuthRequest=CODE))
    assert refused.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert "planted" not in str(refused.value)
    assert appflow.describe_connector_profiles()["connectorProfileDetails"] == []


def test_tokens_whose_time_is_up_are_renewed_before_they_are_used(
    service: Headrace, appflow: Any, desk: HelpDesk
) -> None:
    desk.lifetime_s = 3600
    appflow.create_connector_profile(**profile(desk, oAuthRequest=CODE))
    appflow.create_flow(**from_desk())
    service.clock.turn(timedelta(hours=1))
    before = len(desk.asked)

    assert run(service, appflow, "from-desk")["executionStatus"] == "Successful"
    assert desk.grants[1]["refresh_token"] == "planted-refresh-1"
    assert desk.asked[before] == "POST /oauth/tokens"
    assert len(desk.grants) == 2


def test_a_run_whose_token_ends_within_it_goes_on_with_a_new_one(
    service: Headrace, appflow: Any, desk: HelpDesk
) -> None:
    appflow.create_connector_profile(**profile(desk, oAuthRequest=CODE))
    appflow.create_flow(**from_desk())
    service.clock.turn(timedelta(minutes=1))
    desk.pages_until_new_token = 2

    assert run(service, appflow, "from-desk")["executionStatus"] == "Successful"
    assert lines(service) == desk.tickets
    assert [each["grant_type"] for each in desk.grants] == ["authorization_code", "refresh_token"]


def test_a_token_that_ends_and_can_not_be_renewed_ends_the_run_in_words(
    service: Headrace, appflow: Any, desk: HelpDesk
) -> None:
    appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
    appflow.create_flow(**from_desk())
    desk.token = "planted-other"

    record = run(service, appflow, "from-desk")

    assert record["executionStatus"] == "Error"
    message = record["executionResult"]["errorInfo"]["executionMessage"]
    assert "The help desk said" in message
    assert "UpdateConnectorProfile" in message
    assert "planted" not in message


def test_new_credentials_are_tried_and_not_the_old_ones(appflow: Any, desk: HelpDesk) -> None:
    appflow.create_connector_profile(**profile(desk, oAuthRequest=CODE))
    request = profile(desk, accessToken="planted-wrong")
    del request["connectorType"]
    with pytest.raises(ClientError) as refused:
        appflow.update_connector_profile(**request)
    assert refused.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert len(desk.grants) == 1


def test_the_application_may_answer_elsewhere(tmp_path: Path, desk: HelpDesk) -> None:
    settings = {"HEADRACE_CONNECTOR_URLS": f"Zendesk={desk.url}"}
    with running(tmp_path / "data", settings=settings, entries=[ENTRY, S3]) as service, client(service) as appflow:
        request = profile(desk, oAuthRequest=CODE)
        own = request["connectorProfileConfig"]["connectorProfileProperties"]["Zendesk"]
        own["instanceUrl"] = "https://desk.example"
        appflow.create_connector_profile(**request)
        (found,) = appflow.describe_connector_profiles()["connectorProfileDetails"]
        assert found["connectorProfileProperties"]["Zendesk"]["instanceUrl"] == "https://desk.example"
        assert [each["code"] for each in desk.grants] == ["planted-code"]


def test_a_given_token_that_has_run_out_is_renewed_while_the_profile_is_tried(tmp_path: Path, desk: HelpDesk) -> None:
    request = {
        "connectorProfileName": "desk",
        "connectorType": "Pardot",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Pardot": {"instanceUrl": desk.url}},
            "connectorProfileCredentials": {
                "Pardot": {"accessToken": "planted-of-yesterday", "refreshToken": "planted-refresh"}
            },
        },
    }
    with running(tmp_path / "data", entries=[PARDOT]) as service, client(service) as appflow:
        appflow.create_connector_profile(**request)
        found = appflow.list_connector_entities(connectorProfileName="desk")["connectorEntityMap"]
    assert [each["name"] for each in found["Objects"]] == ["tickets", "people"]
    assert [each["refresh_token"] for each in desk.grants] == ["planted-refresh"]

    desk.refusal = {"error": "invalid_grant"}
    desk.token = "planted-other"
    with running(tmp_path / "other", entries=[PARDOT]) as service, client(service) as appflow:
        with pytest.raises(ClientError, match="The help desk said") as refused:
            appflow.create_connector_profile(**request)
        assert refused.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
