"""A CreateConnectorProfile request for every connector type that has profiles."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
URL = {"instanceUrl": "https://app.example"}
CLIENT = {"clientId": "client", "clientSecret": "planted-client-secret"}
CODE = {"oAuthRequest": {"authCode": "planted-code", "redirectUri": "https://app.example/back"}}
TOKENS = {"accessToken": "planted-access", "refreshToken": "planted-refresh"}
LOGIN = {"username": "ann", "password": "planted-password"}

# Connector type -> member, properties, credentials.
WHOLE: dict[str, tuple[str, Json, Json]] = {
    "Amplitude": ("Amplitude", {}, {"apiKey": "planted-key", "secretKey": "planted-secret"}),
    "Datadog": ("Datadog", URL, {"apiKey": "planted-key", "applicationKey": "planted-application"}),
    "Dynatrace": ("Dynatrace", URL, {"apiToken": "planted-token"}),
    "Googleanalytics": ("GoogleAnalytics", {}, CLIENT | TOKENS),
    "Honeycode": ("Honeycode", {}, TOKENS),
    "Infornexus": (
        "InforNexus",
        URL,
        {
            "accessKeyId": "planted-id",
            "userId": "ann",
            "secretAccessKey": "planted-secret",
            "datakey": "planted-data-key",
        },
    ),
    "Marketo": ("Marketo", URL, CLIENT),
    "Pardot": ("Pardot", URL | {"businessUnitId": "1"}, TOKENS),
    "Redshift": (
        "Redshift",
        {"databaseUrl": "jdbc:redshift://x", "bucketName": "lake", "roleArn": "arn:aws:iam::1:role/r"},
        LOGIN,
    ),
    "SAPOData": (
        "SAPOData",
        {
            "applicationHostUrl": "https://sap.example",
            "applicationServicePath": "/sap",
            "portNumber": 443,
            "clientNumber": "100",
        },
        {"basicAuthCredentials": LOGIN},
    ),
    "Salesforce": ("Salesforce", URL | {"isSandboxEnvironment": True}, CODE),
    "Servicenow": ("ServiceNow", URL, LOGIN),
    "Singular": ("Singular", {}, {"apiKey": "planted-key"}),
    "Slack": ("Slack", URL, CLIENT | CODE),
    "Snowflake": (
        "Snowflake",
        {"warehouse": "W", "stage": "DB.S.STAGE", "bucketName": "lake"},
        LOGIN,
    ),
    "Trendmicro": ("Trendmicro", {}, {"apiSecretKey": "planted-secret"}),
    "Veeva": ("Veeva", URL, LOGIN),
    "Zendesk": ("Zendesk", URL, CLIENT | {"accessToken": "planted-access"}),
    "CustomConnector": (
        "CustomConnector",
        {"profileProperties": {"region": "eu"}},
        {"authenticationType": "BASIC", "basic": LOGIN},
    ),
}


def profile(connector_type: str = "Veeva", name: str = "ann", **members: Any) -> Json:
    """A whole and right request; `properties` and `credentials` stand in for the connector's members."""
    member, properties, credentials = WHOLE[connector_type]
    given_properties = members.pop("properties", properties)
    given_credentials = members.pop("credentials", credentials)
    config: Json = {"connectorProfileProperties": {member: given_properties}}
    if given_credentials is not None:
        config["connectorProfileCredentials"] = {member: given_credentials}
    request = {
        "connectorProfileName": name,
        "connectorType": connector_type,
        "connectionMode": "Public",
        "connectorProfileConfig": config,
    }
    if connector_type == "CustomConnector":
        request["connectorLabel"] = "mine"
    return request | members


def changed(name: str = "ann", connector_type: str = "Veeva", **members: Any) -> Json:
    """An UpdateConnectorProfile request."""
    request = profile(connector_type, name, **members)
    return {key: value for key, value in request.items() if key not in {"connectorType", "connectorLabel"}}
