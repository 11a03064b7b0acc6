"""Flows with a built-in connector of records, called as AppFlow is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.cli.run import run_document
from headrace.errors import ResourceNotFoundException
from headrace.settings import Settings
from headrace.testing import Headrace, running
from tests.e2e.built_in import client, from_desk, lines, profile, run, to_desk
from tests.standins.help_desk import HelpDesk, help_desk
from tests.standins.help_desk_connector import ENTRY, PARDOT, S3


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


def test_records_go_from_a_built_in_connector_to_s3(service: Headrace, appflow: Any, desk: HelpDesk) -> None:
    appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
    appflow.create_flow(**from_desk())

    record = run(service, appflow, "from-desk")

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == 5
    assert lines(service) == desk.tickets


def test_records_go_to_a_built_in_connector_but_for_those_it_refuses(
    service: Headrace, appflow: Any, desk: HelpDesk
) -> None:
    appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
    service.put_object("raw", "in/a.csv", b"id,name\n1,one\n2,bad\n3,three\n")
    appflow.create_flow(**to_desk(errorHandlingConfig={"bucketName": "errors"}))

    record = run(service, appflow, "to-desk")

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["errorInfo"]["putFailuresCount"] == 1
    taken = [each for batch in desk.taken.values() for each in batch]
    assert taken == [{"id": "1", "name": "one"}, {"id": "3", "name": "three"}]
    (key,) = service.list_objects("errors")
    assert json.loads(service.get_object("errors", key))["error"] == "it is bad, says the owner of [redacted]"


def test_a_built_in_connector_is_browsed_and_asked_once_an_hour(
    service: Headrace, appflow: Any, desk: HelpDesk
) -> None:
    appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
    topmost = appflow.list_connector_entities(connectorProfileName="desk")["connectorEntityMap"]
    nested = appflow.list_connector_entities(connectorProfileName="desk", entitiesPath="people")["connectorEntityMap"]
    assert {group: [each["name"] for each in found] for group, found in topmost.items()} == {
        "Objects": ["tickets", "people"]
    }
    assert {group: [each["name"] for each in found] for group, found in nested.items()} == {
        "Channels": ["people/tickets", "people/people"]
    }
    fields = appflow.describe_connector_entity(connectorProfileName="desk", connectorEntityName="tickets")
    assert [each["identifier"] for each in fields["connectorEntityFields"]] == ["id", "name"]

    before = len(desk.asked)
    appflow.list_connector_entities(connectorProfileName="desk")
    appflow.describe_connector_entity(connectorProfileName="desk", connectorEntityName="tickets")
    assert len(desk.asked) == before
    appflow.reset_connector_metadata_cache(connectorProfileName="desk", connectorType="Zendesk")
    appflow.list_connector_entities(connectorProfileName="desk")
    assert len(desk.asked) == before + 1


def test_credentials_that_the_application_refuses_make_no_profile(appflow: Any, desk: HelpDesk) -> None:
    with pytest.raises(ClientError) as refused:
        appflow.create_connector_profile(**profile(desk, accessToken="planted-wrong"))
    assert refused.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert "planted" not in str(refused.value)
    assert appflow.describe_connector_profiles()["connectorProfileDetails"] == []


def test_an_application_that_is_down_makes_no_profile(appflow: Any, desk: HelpDesk) -> None:
    request = profile(desk, accessToken="planted-access")
    request["connectorProfileConfig"]["connectorProfileProperties"]["Zendesk"]["instanceUrl"] = "http://127.0.0.1:1"
    with pytest.raises(ClientError) as failed:
        appflow.create_connector_profile(**request)
    assert failed.value.response["Error"]["Code"] == "ConnectorServerException"


def test_a_connector_that_is_not_here_is_refused_in_words(appflow: Any, desk: HelpDesk) -> None:
    appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
    source = {
        "connectorType": "Slack",
        "connectorProfileName": "desk",
        "sourceConnectorProperties": {"Slack": {"object": "conversations"}},
    }
    with pytest.raises(ClientError, match="The source connector Slack is not available in this headrace"):
        appflow.create_flow(**from_desk(sourceFlowConfig=source))


def test_a_connector_that_is_here_is_described_with_its_oauth(appflow: Any) -> None:
    found = appflow.describe_connector(connectorType="Zendesk")["connectorConfiguration"]
    assert found["authenticationConfig"]["oAuth2Defaults"] == {
        "oauthScopes": ["read", "write"],
        "tokenUrls": ["{{instanceUrl}}/oauth/tokens"],
        "authCodeUrls": ["{{instanceUrl}}/oauth/authorizations/new"],
        "oauth2GrantTypesSupported": ["AUTHORIZATION_CODE"],
    }
    every = appflow.describe_connectors(connectorTypes=["Zendesk", "Slack"])["connectorConfigurations"]
    assert every["Zendesk"] == found
    assert "oAuth2Defaults" not in every["Slack"]["authenticationConfig"]


def test_a_document_with_a_built_in_connector_is_run_without_a_server(
    tmp_path: Path, desk: HelpDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    data, document = tmp_path / "data", tmp_path / "flow.json"
    document.write_text(json.dumps(from_desk()))
    with running(data, entries=[ENTRY, S3]) as service, client(service) as appflow:
        appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))

    assert run_document(document, Settings(data=data), [ENTRY, S3]) == 0

    assert "Successful" in capsys.readouterr().out
    (written,) = [path for path in (data / "buckets" / "lake").rglob("*") if path.is_file()]
    assert [json.loads(line) for line in written.read_text().splitlines()] == desk.tickets


def test_a_document_whose_profile_is_missing_says_so_without_a_server(tmp_path: Path, desk: HelpDesk) -> None:
    document = tmp_path / "flow.json"
    document.write_text(json.dumps(from_desk()))
    with pytest.raises(ResourceNotFoundException, match="Connector profile desk not found"):
        run_document(document, Settings(data=tmp_path / "data"), [ENTRY, S3])


def test_a_profile_of_another_connector_is_refused(tmp_path: Path, desk: HelpDesk) -> None:
    with running(tmp_path / "data", entries=[ENTRY, PARDOT, S3]) as service, client(service) as appflow:
        appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
        source = {
            "connectorType": "Pardot",
            "connectorProfileName": "desk",
            "sourceConnectorProperties": {"Pardot": {"object": "tickets"}},
        }
        with pytest.raises(ClientError, match="is of Zendesk, the flow reaches Pardot through it") as refused:
            appflow.create_flow(**from_desk(sourceFlowConfig=source))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
