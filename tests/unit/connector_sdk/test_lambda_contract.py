from __future__ import annotations

import json

from headrace.connector_sdk import lambda_contract as requests
from headrace.connector_sdk.lambda_contract import Run
from tests.unit.connector_sdk.connections import SECRET_ARN, batch, connection, query, recorded

HELD = connection(myKey="MyLabel")


def same(request: object, name: str) -> bool:
    """Whether the request is the recorded one: every member, every null, and in that order."""
    assert request == recorded(name)
    return list(request) == list(recorded(name))  # pyright: ignore[reportArgumentType]


def test_what_is_asked_of_the_connector_itself_is_as_recorded() -> None:
    assert same(requests.describe_configuration("DemoConnector"), "DescribeConnectorConfiguration")


def test_what_is_asked_when_a_profile_is_made_is_as_recorded() -> None:
    settings = requests.validate_settings("CONNECTOR_PROFILE", {"myKey": "ded"})
    assert same(settings, "ValidateConnectorRuntimeSettings")
    arn = recorded("ValidateCredentials")["credentials"]["secretArn"]
    assert same(requests.validate_credentials(connection(arn, myKey="ded")), "ValidateCredentials")


def test_what_is_asked_for_metadata_is_as_recorded() -> None:
    context = requests.context(HELD, "v1.0")
    assert same(requests.list_entities(context, path=None, page_size=1000, token=None), "ListEntities")
    assert same(requests.describe_entity(context, "productEntity"), "DescribeEntity")
    assert json.dumps(context) == json.dumps(recorded("ListEntities")["connectorContext"])


def test_what_is_read_is_asked_as_recorded() -> None:
    wanted = recorded("QueryData")
    held = wanted["connectorContext"]
    run = Run(held["flowName"], held["executionId"], held["entityDefinition"])
    secret = connection(held["credentials"]["secretArn"], myKey="MyLabel")
    asked = query(entity="productEntity", page_size=1000)
    request = requests.query_data(requests.context(secret, "v1.0", {}, run), asked, ("field_1",), None)
    assert same(request, "QueryData")


def test_what_is_written_is_sent_as_recorded() -> None:
    wanted = recorded("WriteData")
    held = wanted["connectorContext"]
    run = Run(held["flowName"], held["executionId"], held["entityDefinition"])
    secret = connection(held["credentials"]["secretArn"], myKey="MyLabel")
    sent = batch(*wanted["records"], entity="productEntity")
    assert same(requests.write_data(requests.context(secret, "v1.0", {}, run), sent), "WriteData")


def test_members_that_a_connector_left_out_are_sent_back_as_nulls() -> None:
    run = Run("f", "e", {"entity": {"entityIdentifier": "x"}, "fields": [{"fieldName": "a"}]})
    definition = requests.context(HELD, None, {}, run)["entityDefinition"]
    wanted = recorded("QueryData")["connectorContext"]["entityDefinition"]
    assert definition["entity"].keys() == wanted["entity"].keys()
    assert definition["fields"][0].keys() == wanted["fields"][0].keys()
    assert definition["fields"][0]["dataType"] is None


def test_a_flows_settings_win_over_those_of_the_profile() -> None:
    held = connection(a="profile", b="profile")
    context = requests.context(held, "v1.0", {"b": "flow"}, Run("f", "e", {"entity": {}, "fields": []}))
    assert context["connectorRuntimeSettings"] == {"a": "profile", "b": "flow"}


def test_no_secret_is_in_any_request() -> None:
    context = json.dumps([requests.context(HELD, "v1.0"), requests.validate_credentials(HELD)])
    assert SECRET_ARN in context
    assert "password" not in context
