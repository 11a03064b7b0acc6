"""Connector profiles and connectors beside their documents, and the secrets that documents refer to."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.applying.change import Action
from headrace.applying.profile_changes import connector_change, profile_change
from headrace.applying.secrets import with_secrets
from tests.unit.applying.rig import document, flow, profile

LAMBDA = {"lambda": {"lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:shop"}}
CONNECTOR = {"connectorLabel": "shop", "connectorProvisioningType": "LAMBDA", "connectorProvisioningConfig": LAMBDA}


def told(**changes: Any) -> dict[str, Any]:
    """What DescribeConnectorProfiles says of the profile."""
    request = profile()
    properties = request.pop("connectorProfileConfig")["connectorProfileProperties"]
    return {**request, "connectorProfileProperties": properties, "credentialsArn": "arn:secret", **changes}


def test_a_profile_that_is_not_there_is_created() -> None:
    change = profile_change(document(profile()), None, sends_credentials=False)
    assert (change.action, [step.operation for step in change.steps]) == (Action.CREATE, ["CreateConnectorProfile"])


def test_credentials_are_not_compared_unless_they_are_to_be_sent_again() -> None:
    assert profile_change(document(profile()), told(), sends_credentials=False).action is Action.KEEP
    change = profile_change(document(profile()), told(), sends_credentials=True)
    assert change.lines == ("~ connectorProfileConfig.connectorProfileCredentials: sent again",)
    (step,) = change.steps
    assert step.operation == "UpdateConnectorProfile"
    assert "connectorType" not in step.request


def test_a_property_that_differs_is_updated() -> None:
    there = told(connectorProfileProperties={"Zendesk": {"instanceUrl": "https://old.example.com"}})
    change = profile_change(document(profile()), there, sends_credentials=False)
    assert change.action is Action.UPDATE
    assert change.lines == (
        '~ connectorProfileProperties.Zendesk.instanceUrl: "https://old.example.com" → "https://desk.example.com"',
    )


def test_a_profile_of_another_connector_is_replaced() -> None:
    change = profile_change(document(profile()), told(connectorType="Slack"), sends_credentials=False)
    assert [step.operation for step in change.steps] == ["DeleteConnectorProfile", "CreateConnectorProfile"]
    assert (change.action, change.reasons[0]) == (Action.REPLACE, "connectorType can not be updated")


def test_a_connector_is_registered_updated_and_left_alone() -> None:
    there = {**CONNECTOR, "connectorDescription": "Shop", "connectorOwner": "me"}
    assert connector_change(document(CONNECTOR), None).steps[0].operation == "RegisterConnector"
    assert connector_change(document(CONNECTOR), there).action is Action.KEEP
    change = connector_change(document(CONNECTOR, description="The shop"), there)
    assert change.lines == ('~ description: "Shop" → "The shop"',)
    assert change.steps[0].operation == "UpdateConnectorRegistration"


def test_references_are_filled_in_and_those_without_a_value_named() -> None:
    filled = with_secrets(document(profile()), {"DESK_ID": "i", "b": "no"})
    credentials = filled.request["connectorProfileConfig"]["connectorProfileCredentials"]["Zendesk"]
    assert credentials == {"clientId": "i", "clientSecret": "${DESK_SECRET}", "accessToken": "a${b}"}
    assert filled.missing == ("DESK_SECRET",)
    assert profile_change(filled, None, sends_credentials=False).missing == ("DESK_SECRET",)
    assert profile_change(filled, told(), sends_credentials=False).missing == ()


def test_only_credentials_refer_to_secrets() -> None:
    request = flow(description="${DESK_ID}")
    assert with_secrets(document(request), {"DESK_ID": "i"}).request == request


@pytest.mark.parametrize("properties", [{}, {"connectorProfileCredentials": {}}])
def test_a_profile_without_credentials_refers_to_nothing(properties: dict[str, Any]) -> None:
    config = {"connectorProfileProperties": {"Zendesk": {"instanceUrl": "https://a.example.com"}}, **properties}
    found = with_secrets(document(profile(connectorProfileConfig=config)), {})
    assert found.missing == ()
