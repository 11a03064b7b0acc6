from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.connector_sdk.catalog import CATALOG
from headrace.errors import (
    ConflictException,
    ConnectorAuthenticationException,
    ConnectorServerException,
    Refused,
    ResourceNotFoundException,
    Retry,
    ValidationException,
)
from headrace.model.check import violations
from headrace.model.connector_names import connector_types
from tests.unit.operations.calls import ALICE, START, Calls
from tests.unit.operations.connectors import (
    ARN,
    BROKEN,
    LABEL,
    NOWHERE,
    PROFILE,
    STOCK,
    StockHosts,
    opened,
    registered,
    registration,
    shop,
    stocked,
)

OTHER = "arn:aws:lambda:us-east-1:123456789012:function:other"


@pytest.fixture(name="hosts")
def stock_hosts() -> StockHosts:
    return StockHosts()


@pytest.fixture(name="call")
def operations(tmp_path: Path, hosts: StockHosts) -> Iterator[Calls]:
    with stocked(tmp_path / "data", hosts) as calls:
        yield calls


def test_a_connector_is_registered_as_it_describes_itself(call: Calls, hosts: StockHosts) -> None:
    answer = call("RegisterConnector", registration(description="Things on shelves"))
    assert answer == {"connectorArn": "arn:aws:appflow:us-east-1:123456789012:connector/Stock"}
    asked = {"type": "DescribeConnectorConfigurationRequest", "locale": "en-US", "connectorLabel": "Stock"}
    assert hosts.asked == [asked]
    shown = call("DescribeConnector", LABEL, connectorType="CustomConnector")["connectorConfiguration"]
    assert shown["connectorDescription"] == "Things on shelves"
    assert shown["connectorOwner"] == "Tests"
    assert shown["connectorProvisioningConfig"] == {"lambda": {"lambdaArn": ARN}}
    assert shown["connectorType"] == "CustomConnector"
    assert shown["registeredAt"] == START.timestamp()
    assert shown["registeredBy"] == ALICE.arn


def test_a_label_is_taken_once_for_each_account(call: Calls) -> None:
    registered(call)
    with pytest.raises(ConflictException, match="Conflict executing request: Connector: Stock is already registered"):
        call("RegisterConnector", registration())
    registered(call.by(account="000000000001"))


def test_a_retry_with_the_same_token_registers_once(call: Calls, hosts: StockHosts) -> None:
    request = registration(clientToken="t")
    assert call("RegisterConnector", request) == call("RegisterConnector", request)
    assert len(hosts.asked) == 1
    with pytest.raises(ConflictException, match="was used for a RegisterConnector request with other parameters"):
        call("RegisterConnector", registration("Other", clientToken="t"))


def test_everything_that_is_missing_is_told_at_once(call: Calls) -> None:
    with pytest.raises(ValidationException, match=r"lacks connectorLabel, connectorProvisioningConfig\.lambda"):
        call("RegisterConnector", {})
    with pytest.raises(ValidationException, match=r"lacks connectorLabel. `headrace connectors host`"):
        call("RegisterConnector", {"connectorProvisioningConfig": {"lambda": {"lambdaArn": ARN}}})


@pytest.mark.parametrize(
    "failure, kind, words",
    [
        (None, ConnectorServerException, "Error while communicating to connector: Got error from connector. No valid"),
        (Retry("it is busy"), ConnectorServerException, "Error while communicating to connector: it is busy"),
        (Refused("who"), ConnectorAuthenticationException, "Error while authenticating to connector: who"),
    ],
)
def test_a_connector_that_fails_is_not_registered(
    call: Calls, hosts: StockHosts, failure: Exception | None, kind: type[Exception], words: str
) -> None:
    hosts.failure = failure
    with pytest.raises(kind, match=words):
        call("RegisterConnector", registration(arn=BROKEN if failure is None else ARN))
    assert labels(call) == ["Webhook"]


def test_a_connector_that_nobody_hosts_is_not_registered(call: Calls) -> None:
    with pytest.raises(ResourceNotFoundException, match="Nothing here answers for"):
        call("RegisterConnector", registration(arn=NOWHERE))


def test_a_registration_is_updated_and_what_is_left_out_stays(call: Calls, hosts: StockHosts) -> None:
    registered(call, description="first")
    assert call("UpdateConnectorRegistration", LABEL)["connectorArn"].endswith("connector/Stock")
    assert len(hosts.asked) == 2
    shown = call("DescribeConnector", LABEL, connectorType="CustomConnector")["connectorConfiguration"]
    assert (shown["connectorDescription"], shown["connectorProvisioningConfig"]["lambda"]["lambdaArn"]) == (
        "first",
        ARN,
    )
    moved = registration(arn=OTHER, description="second", clientToken="t")
    del moved["connectorProvisioningType"]
    assert call("UpdateConnectorRegistration", moved) == call("UpdateConnectorRegistration", moved)
    shown = call("DescribeConnector", LABEL, connectorType="CustomConnector")["connectorConfiguration"]
    assert (shown["connectorDescription"], shown["connectorProvisioningConfig"]["lambda"]["lambdaArn"]) == (
        "second",
        OTHER,
    )


def test_a_registration_that_fails_to_be_updated_stays(call: Calls) -> None:
    registered(call)
    with pytest.raises(ConnectorServerException):
        call("UpdateConnectorRegistration", LABEL, connectorProvisioningConfig={"lambda": {"lambdaArn": BROKEN}})
    shown = call("DescribeConnector", LABEL, connectorType="CustomConnector")["connectorConfiguration"]
    assert shown["connectorProvisioningConfig"]["lambda"]["lambdaArn"] == ARN
    with pytest.raises(ResourceNotFoundException, match="Connector:Other is not registered"):
        call("UpdateConnectorRegistration", connectorLabel="Other")


def test_a_connector_in_use_is_not_unregistered_by_accident(call: Calls) -> None:
    opened(call)("CreateConnectorProfile", shop("attic"))
    with pytest.raises(ConflictException) as raised:
        call("UnregisterConnector", LABEL)
    assert raised.value.message == (
        "Conflict executing request: Connector: Stock is associated with one or more connector profiles. If you still"
        " want to delete it, then make delete request with forceDelete flag as true. Some of the associated connector"
        " profiles are: [attic, shop]"
    )
    assert call("UnregisterConnector", LABEL, forceDelete=True) == {}
    with pytest.raises(ResourceNotFoundException, match="Stock is not registered"):
        call("ListConnectorEntities", PROFILE)
    with pytest.raises(ResourceNotFoundException, match="Stock is not registered"):
        call("UnregisterConnector", LABEL)


def test_a_profile_needs_a_connector_that_is_registered_and_agrees(call: Calls, hosts: StockHosts) -> None:
    with pytest.raises(ResourceNotFoundException) as raised:
        call("CreateConnectorProfile", shop())
    assert raised.value.message == (
        "Connector:Stock is not registered. Please register it first before creating ConnectorProfile."
    )
    registered(call)
    with pytest.raises(ConnectorServerException, match="count: no number"):
        call("CreateConnectorProfile", shop(count="many"))
    with pytest.raises(ConnectorAuthenticationException, match="who are you"):
        call("CreateConnectorProfile", shop(mood="credentials"))
    call("CreateConnectorProfile", shop(count="3"))
    kinds = [asked["type"] for asked in hosts.asked[-2:]]
    assert kinds == ["ValidateConnectorRuntimeSettingsRequest", "ValidateCredentialsRequest"]
    assert "planted" not in str(hosts.asked)


def test_connectors_are_listed_by_label_page_by_page(call: Calls) -> None:
    for label in ("b1", "Alone", "c1"):
        registered(call, label=label)
    first = call("ListConnectors", maxResults=2)
    assert [each["connectorLabel"] for each in first["connectors"]] == ["Alone", "Webhook"]
    rest = call("ListConnectors", maxResults=2, nextToken=first["nextToken"])
    assert [each["connectorLabel"] for each in rest["connectors"]] == ["b1", "c1"]
    assert "nextToken" not in rest
    assert rest["connectors"][0]["connectorModes"] == ["SOURCE", "DESTINATION"]


def labels(call: Calls) -> list[str]:
    return [each["connectorLabel"] for each in call("ListConnectors")["connectors"]]


def test_every_account_has_the_webhook(call: Calls) -> None:
    (listed,) = call("ListConnectors")["connectors"]
    shown = call("DescribeConnector", connectorType="CustomConnector", connectorLabel="Webhook")
    assert (listed["connectorType"], listed["connectorModes"]) == ("CustomConnector", ["SOURCE"])
    assert shown["connectorConfiguration"]["supportedTriggerTypes"] == ["Event"]
    with pytest.raises(ConflictException, match="already registered"):
        call("RegisterConnector", registration(label="Webhook"))
    with pytest.raises(ResourceNotFoundException, match="It comes with headrace"):
        call("UnregisterConnector", connectorLabel="Webhook")


def test_every_type_of_appflow_is_described(call: Calls) -> None:
    first = call("DescribeConnectors")
    rest = call("DescribeConnectors", nextToken=first["nextToken"])
    found = [*first["connectors"], *rest["connectors"]]
    assert [each["connectorType"] for each in found] == list(connector_types())
    assert set(CATALOG) == set(connector_types())
    every = first["connectorConfigurations"] | rest["connectorConfigurations"]
    for name in connector_types():
        assert violations("ConnectorConfiguration", every[name], limits="aws") == ()
        if name != "CustomConnector":
            assert call("DescribeConnector", connectorType=name) == {"connectorConfiguration": every[name]}


def test_a_type_is_described_as_what_it_is(call: Calls) -> None:
    found = call("DescribeConnectors", connectorTypes=["Marketo", "EventBridge", "Slack"])["connectorConfigurations"]
    assert list(found) == ["Slack", "Marketo", "EventBridge"]
    assert found["Marketo"]["supportedSchedulingFrequencies"] == ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "ONCE"]
    assert found["Marketo"]["authenticationConfig"] == {
        "isBasicAuthSupported": False,
        "isApiKeyAuthSupported": False,
        "isOAuth2Supported": True,
        "isCustomAuthSupported": False,
    }
    assert found["Marketo"]["connectorMetadata"] == {"Marketo": {}}
    assert "groups:history" in found["Slack"]["connectorMetadata"]["Slack"]["oAuthScopes"]
    assert (found["EventBridge"]["canUseAsSource"], found["EventBridge"]["canUseAsDestination"]) == (False, True)
    assert found["EventBridge"]["supportedOperators"] == []


def test_a_connector_that_nobody_registered_is_not_found(call: Calls) -> None:
    with pytest.raises(ResourceNotFoundException, match="Connector:Stock is not registered"):
        call("DescribeConnector", LABEL, connectorType="CustomConnector")
    with pytest.raises(ValidationException, match="connectorLabel is missing"):
        call("DescribeConnector", connectorType="CustomConnector")


def test_entities_are_browsed_through_a_profile(call: Calls) -> None:
    opened(call)
    assert call("ListConnectorEntities", PROFILE) == {
        "connectorEntityMap": {
            "Objects": [
                {"name": "stock", "label": "Stock", "hasNestedEntities": False},
                {"name": "warehouse", "label": "warehouse", "hasNestedEntities": True},
            ]
        }
    }
    nested = call("ListConnectorEntities", PROFILE, entitiesPath="warehouse", apiVersion="v1.0")
    assert nested["connectorEntityMap"]["Objects"][0]["name"] == "warehouse/shelf"
    fields = call("DescribeConnectorEntity", STOCK, connectorType="CustomConnector")["connectorEntityFields"]
    assert [field["identifier"] for field in fields] == ["id", "name"]


def test_entities_come_in_pages(call: Calls) -> None:
    opened(call)
    first = call("ListConnectorEntities", PROFILE, maxResults=1)
    rest = call("ListConnectorEntities", PROFILE, maxResults=1, nextToken=first["nextToken"])
    names = [answer["connectorEntityMap"]["Objects"][0]["name"] for answer in (first, rest)]
    assert (names, "nextToken" in rest) == (["stock", "warehouse"], False)


def test_what_a_connector_said_holds_for_an_hour(call: Calls, hosts: StockHosts) -> None:
    opened(call)
    call("DescribeConnectorEntity", STOCK)
    asked = len(hosts.asked)
    call.clock.turn(timedelta(minutes=59))
    call("DescribeConnectorEntity", STOCK)
    assert len(hosts.asked) == asked
    call.clock.turn(timedelta(minutes=1))
    call("DescribeConnectorEntity", STOCK)
    assert len(hosts.asked) == asked + 1


def test_what_a_connector_said_to_a_profile_before_it_was_changed_is_not_kept(call: Calls, hosts: StockHosts) -> None:
    opened(call)
    call("DescribeConnectorEntity", STOCK)
    changed = {
        name: value for name, value in shop(count="5").items() if name not in {"connectorType", "connectorLabel"}
    }
    call("UpdateConnectorProfile", changed)
    call("DescribeConnectorEntity", STOCK)
    assert hosts.asked[-1]["connectorContext"]["connectorRuntimeSettings"] == {"count": "5"}
    call("DeleteConnectorProfile", PROFILE)
    call("CreateConnectorProfile", shop(count="5"))
    hosts.asked.clear()
    call("DescribeConnectorEntity", STOCK)
    assert [asked["type"] for asked in hosts.asked] == ["DescribeEntityRequest"]


@pytest.mark.parametrize(
    "reset, forgets_names, forgets_fields",
    [
        (PROFILE, True, False),
        (STOCK, False, True),
        ({"connectorType": "CustomConnector"}, True, False),
        ({"connectorType": "Slack"}, False, False),
        (PROFILE | {"connectorEntityName": "other"}, False, False),
        (PROFILE | {"entitiesPath": "warehouse"}, False, False),
        (PROFILE | {"apiVersion": "v1.0"}, True, False),
        (PROFILE | {"apiVersion": "v2.0"}, False, False),
    ],
)
def test_a_reset_forgets_what_it_names(
    call: Calls, hosts: StockHosts, reset: dict[str, str], *, forgets_names: bool, forgets_fields: bool
) -> None:
    opened(call)
    both = (("ListConnectorEntities", PROFILE), ("DescribeConnectorEntity", STOCK))
    for name, request in both:
        call(name, request)
    if reset.get("connectorType") == "Slack":
        reset = {"connectorType": "Slack"}
    assert call("ResetConnectorMetadataCache", reset) == {}
    hosts.asked.clear()
    for name, request in both:
        call(name, request)
    kinds = {asked["type"] for asked in hosts.asked}
    assert ("ListEntitiesRequest" in kinds, "DescribeEntityRequest" in kinds) == (forgets_names, forgets_fields)


def test_browsing_without_a_way_in_is_refused_in_words(call: Calls) -> None:
    opened(call)
    with pytest.raises(ValidationException, match=r"connectorProfileName is missing.*S3 can't be browsed"):
        call("ListConnectorEntities", connectorType="S3")
    with pytest.raises(ResourceNotFoundException, match="Connector profile attic not found"):
        call("DescribeConnectorEntity", connectorEntityName="stock", connectorProfileName="attic")
    with pytest.raises(ValidationException, match="is of CustomConnector, the request's connectorType is Slack"):
        call("ListConnectorEntities", PROFILE, connectorType="Slack")
    with pytest.raises(ValidationException, match="needs a connectorProfileName, a connectorType, or both"):
        call("ResetConnectorMetadataCache", {})
    with pytest.raises(ResourceNotFoundException, match="no ghost here"):
        call("DescribeConnectorEntity", PROFILE, connectorEntityName="ghost")


def test_another_accounts_connectors_are_not_there(call: Calls) -> None:
    opened(call)
    other = call.by(account="000000000001")
    assert labels(other) == ["Webhook"]
    with pytest.raises(ResourceNotFoundException):
        other("ListConnectorEntities", PROFILE)
