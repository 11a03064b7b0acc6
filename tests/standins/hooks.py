"""Connector profiles of the webhook."""

from __future__ import annotations

from typing import Any


def webhook_profile(name: str = "shop", secret: str | None = None) -> dict[str, Any]:
    """A CreateConnectorProfile request; without a secret senders show an access key."""
    custom: dict[str, Any] = {"customAuthenticationType": "NoAuthentication"}
    if secret is not None:
        custom = {"customAuthenticationType": "SigningSecret", "credentialsMap": {"secret": secret}}
    return {
        "connectorProfileName": name,
        "connectorType": "CustomConnector",
        "connectorLabel": "Webhook",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"CustomConnector": {}},
            "connectorProfileCredentials": {
                "CustomConnector": {"authenticationType": "CUSTOM", "custom": custom},
            },
        },
    }


WEBHOOK = webhook_profile()
