"""AWS's own Salesforce example, of the package custom-connector-sdk, on headrace as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.log import Log
from headrace.testing import Headrace, running
from tests.e2e import custom
from tests.standins.salesforce import Salesforce

TOKEN = "planted-access-token"
ACCOUNTS = [
    {"Id": f"001{number}", "Name": f"Account {number}", "Employees": number, "LastModifiedDate": "2026-01-01T00:00:00Z"}
    for number in range(40)
]


@pytest.fixture(name="lines")
def log_stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(name="salesforce")
def stand_in() -> Iterator[Salesforce]:
    with closing(Salesforce(TOKEN, ACCOUNTS)) as application:
        yield application


@pytest.fixture(name="service")
def running_service(tmp_path: Path, lines: io.StringIO) -> Iterator[Headrace]:
    # The connector signs with the time of this machine.
    with running(tmp_path / "data", start=datetime.now(UTC), log=Log(lines, form="json")) as service:
        custom.host(service, "salesforce_connector:handle")
        yield service


@pytest.fixture(name="appflow")
def registered(service: Headrace) -> Iterator[Any]:
    with closing(custom.client(service)) as appflow:
        appflow.register_connector(**custom.registration("Sample"))
        yield appflow


def profile(salesforce: Salesforce, token: str = TOKEN) -> dict[str, Any]:
    credentials = {"authenticationType": "OAUTH2", "oauth2": {"accessToken": token}}
    request = custom.profile("sf", "Sample", credentials, instanceUrl=salesforce.url, is_sandbox_account="false")
    request["connectorProfileConfig"]["connectorProfileProperties"]["CustomConnector"]["oAuth2Properties"] = {
        "tokenUrl": f"{salesforce.url}/token",
        "oAuth2GrantType": "AUTHORIZATION_CODE",
    }
    return request


def test_it_describes_itself_as_appflow_shows_it(appflow: Any) -> None:
    shown = appflow.describe_connector(connectorType="CustomConnector", connectorLabel="Sample")
    configuration = shown["connectorConfiguration"]
    assert configuration["connectorName"] == "SamplePythonSalesforceConnector"
    assert configuration["supportedDestinationConnectors"] == ["S3", "CustomConnector", "Salesforce"]
    assert configuration["supportedTriggerTypes"] == ["OnDemand", "Scheduled"]
    assert configuration["authenticationConfig"]["oAuth2Defaults"]["oauthScopes"] == ["api", "refresh_token"]
    assert [each["key"] for each in configuration["connectorRuntimeSettings"]] == ["instanceUrl", "is_sandbox_account"]
    assert len(configuration["supportedOperators"]) == 21
    assert configuration["supportedWriteOperations"] == ["INSERT", "UPDATE", "UPSERT"]


def test_the_conformance_suite_tells_its_known_faults(service: Headrace, appflow: Any, salesforce: Salesforce) -> None:
    appflow.create_connector_profile(**profile(salesforce))
    answer = service.service.backend.owner.call("test-connector", {"name": "sf"})
    assert {each["check"]: each["reason"] for each in answer["results"] if each["outcome"] == "failed"} == {
        # Records are changed by ids that no field is marked as.
        "names keys": "Account takes UPDATE, UPSERT and has no primary key",
        # It describes whatever it is asked for.
        "knows what it has not": "describing it raises nothing, where NotThere is due",
        "refuses bad settings": "leaving is_sandbox_account out raises nothing, where Stop is due",
        "reads what it describes": "Account: attributes is in a record and is no field",
        # It answers the first 2,000 records whatever maxResults says.
        "keeps to the page size": "; ".join(
            f"Account: asked for {count}, a page has 40 records" for count in (1, 2, 7)
        ),
    }
    assert TOKEN not in json.dumps(answer)


def test_it_is_given_its_secret_and_browsed(appflow: Any, salesforce: Salesforce) -> None:
    appflow.create_connector_profile(**profile(salesforce))
    entities = appflow.list_connector_entities(connectorProfileName="sf", apiVersion="v51.0")
    assert entities["connectorEntityMap"] == {
        "Objects": [{"name": "Account", "label": "Account", "hasNestedEntities": False}]
    }
    fields = appflow.describe_connector_entity(
        connectorProfileName="sf", connectorEntityName="Account", connectorType="CustomConnector"
    )["connectorEntityFields"]
    assert [field["identifier"] for field in fields] == ["Id", "Name", "Employees", "LastModifiedDate"]
    details = fields[0]["supportedFieldTypeDetails"]["v1"]
    assert details == {
        "fieldType": "String",
        "filterOperators": ["CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"],
        "supportedValues": [],
    }


def test_a_wrong_token_is_refused_when_the_profile_is_made(appflow: Any, salesforce: Salesforce) -> None:
    with pytest.raises(ClientError, match="Error while authenticating to connector: Request failed with status code"):
        appflow.create_connector_profile(**profile(salesforce, "planted-wrong-token"))


def test_it_is_read_with_its_filter_and_written_to(
    service: Headrace, appflow: Any, salesforce: Salesforce, lines: io.StringIO
) -> None:
    appflow.create_connector_profile(**profile(salesforce))
    reading = custom.from_connector("read", "sf", "Account", "Id", "Name", "Employees")
    reading["tasks"].append(
        {
            "taskType": "Filter",
            "sourceFields": ["Employees"],
            "connectorOperator": {"CustomConnector": "GREATER_THAN"},
            "taskProperties": {"VALUE": "30", "DATA_TYPE": "Integer"},
        }
    )
    record = custom.run(service, appflow, reading)
    assert record["executionStatus"] == "Successful", record
    (key,) = service.list_objects("lake")
    rows = [json.loads(line) for line in service.get_object("lake", key).splitlines()]
    # The stand-in ignores the filter, which is a hint only.
    assert [row["Employees"] for row in rows] == list(range(31, 40))
    assert salesforce.queries == ["select Employees, Id, Name from Account where Employees > 30"]

    service.put_object("raw", "in/a.csv", b"Name\n" + b"".join(b"New %d\n" % number for number in range(5)))
    record = custom.run(service, appflow, custom.to_connector("write", "sf", "Account", "Name"))
    assert record["executionStatus"] == "Successful", record
    assert salesforce.written == [{"Name": f"New {number}"} for number in range(5)]
    assert "planted" not in lines.getvalue()
