"""A custom connector of our own whose application takes one access token: the one in the file that `token` names."""

from __future__ import annotations

import json
from pathlib import Path

import boto3


def handle(event, _context):
    context = event.get("connectorContext") or event
    kind = event["type"]
    if kind == "DescribeConnectorConfigurationRequest":
        return configuration()
    if kind == "ValidateConnectorRuntimeSettingsRequest":
        return {"isSuccess": True}
    settings = context["connectorRuntimeSettings"]
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=context["credentials"]["secretArn"])
    token = json.loads(secret["SecretString"])["accessToken"]
    # On purpose: what a connector prints must not show in headrace's log.
    print(f"Authorization: Bearer {token}", f"or plainly {token}", flush=True)
    if token != Path(settings["token"]).read_text().strip():
        return failed("InvalidCredentials", f"the value {token} is not valid")
    if token.endswith("-boom"):
        raise ValueError(f"I can't go on with {token}")
    return ANSWERS[kind](event)


def configuration():
    return {
        "isSuccess": True,
        "connectorOwner": "Tests",
        "connectorName": "Guarded",
        "connectorVersion": "1.0",
        "connectorModes": ["SOURCE"],
        "supportedApiVersions": ["v1.0"],
        "authenticationConfig": {
            "isOAuth2Supported": True,
            "oAuth2Defaults": {
                "tokenURL": ["https://{{host}}/token"],
                "authURL": ["https://{{host}}/authorize"],
                "oAuthScopes": ["read", "write"],
                "oAuth2GrantTypesSupported": ["AUTHORIZATION_CODE"],
                "addBasicAuthHeader": True,
                "oAuth2ContentType": "URL_ENCODED",
                "oAuth2MethodType": "HTTP_POST",
            },
        },
        "connectorRuntimeSetting": [
            {"key": "token", "dataType": "String", "required": True, "label": "Token", "scope": "CONNECTOR_PROFILE"}
        ],
    }


def failed(code, message):
    return {"isSuccess": False, "errorDetails": {"errorCode": code, "errorMessage": message}}


def entity():
    return {"entityIdentifier": "orders", "hasNestedEntities": False, "isWritable": False, "label": "Orders"}


ANSWERS = {
    "ValidateCredentialsRequest": lambda _: {"isSuccess": True},
    "ListEntitiesRequest": lambda _: {"isSuccess": True, "entities": [entity()]},
    "DescribeEntityRequest": lambda _: {
        "isSuccess": True,
        "entityDefinition": {
            "entity": entity(),
            "fields": [{"fieldName": "id", "dataType": "Integer", "readProperties": {"isRetrievable": True}}],
        },
    },
    "QueryDataRequest": lambda _: {"isSuccess": True, "records": ['{"id": 1}', '{"id": 2}']},
}
