"""What stands where a described profile's secrets belong."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.applying.references import credentials_of
from headrace.model.api import SHAPES
from headrace.model.check import violations
from headrace.model.connector_names import connector_types, member_name
from headrace.model.shapes import Structure

UNION = SHAPES["ConnectorProfileCredentials"]
MEMBERS: dict[str, Any] = {each.name: each for each in UNION.members} if isinstance(UNION, Structure) else {}


def told(connector_type: str, **properties: Any) -> dict[str, Any]:
    member = member_name(connector_type, MEMBERS) or connector_type
    profile = {"connectorProfileName": "erp-1", "connectorType": connector_type}
    return {**profile, "connectorProfileProperties": {member: properties}}


@pytest.mark.parametrize("connector_type", connector_types())
def test_every_connectors_references_are_credentials_as_the_model_has_them(connector_type: str) -> None:
    credentials = credentials_of(told(connector_type), {})
    assert bool(credentials) == (member_name(connector_type, MEMBERS) is not None)
    config = {"connectorProfileProperties": {}, **({"connectorProfileCredentials": credentials} if credentials else {})}
    request = {"connectorProfileName": "erp-1", "connectorType": connector_type, "connectionMode": "Public"}
    assert violations("CreateConnectorProfile", {**request, "connectorProfileConfig": config}) == ()


@pytest.mark.parametrize(
    "profile, connector, credentials",
    [
        (
            told("Servicenow"),
            {},
            {"ServiceNow": {"username": "${ERP_1_USERNAME}", "password": "${ERP_1_PASSWORD}"}},
        ),
        (
            told("Salesforce", oAuth2GrantType="JWT_BEARER"),
            {},
            {"Salesforce": {"oAuth2GrantType": "JWT_BEARER", "jwtToken": "${ERP_1_JWT_TOKEN}"}},
        ),
        (
            told("SAPOData"),
            {},
            {"SAPOData": {"basicAuthCredentials": {"username": "${ERP_1_USERNAME}", "password": "${ERP_1_PASSWORD}"}}},
        ),
        (
            told("CustomConnector"),
            {"authenticationConfig": {"isApiKeyAuthSupported": True}},
            {"CustomConnector": {"authenticationType": "APIKEY", "apiKey": {"apiKey": "${ERP_1_API_KEY}"}}},
        ),
        (
            told("CustomConnector"),
            {
                "authenticationConfig": {
                    "isCustomAuthSupported": True,
                    "customAuthConfig": [
                        {"customAuthenticationType": "token", "authParameters": [{"key": "seat"}, {"key": "pin-code"}]}
                    ],
                }
            },
            {
                "CustomConnector": {
                    "authenticationType": "CUSTOM",
                    "custom": {
                        "customAuthenticationType": "token",
                        "credentialsMap": {"seat": "${ERP_1_SEAT}", "pin-code": "${ERP_1_PIN_CODE}"},
                    },
                }
            },
        ),
    ],
)
def test_references_are_named_for_profile_and_member(
    profile: dict[str, Any], connector: dict[str, Any], credentials: dict[str, Any]
) -> None:
    assert credentials_of(profile, connector) == credentials


def test_sap_by_oauth_and_custom_connectors_by_oauth_have_tokens() -> None:
    sap = credentials_of(told("SAPOData", oAuthProperties={"tokenUrl": "https://a"}), {})["SAPOData"]
    assert list(sap["oAuthCredentials"]) == ["clientId", "clientSecret", "accessToken", "refreshToken"]
    custom = credentials_of(told("CustomConnector", oAuth2Properties={"tokenUrl": "https://a"}), {})["CustomConnector"]
    assert (custom["authenticationType"], len(custom["oauth2"])) == ("OAUTH2", 4)
