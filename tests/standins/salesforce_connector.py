"""AWS's own example connector, unchanged, but for one address: it asks the stand-in who its user is."""

from __future__ import annotations

from custom_connector_example.handlers import configuration
from custom_connector_example.handlers.lambda_handler import salesforce_lambda_handler


def handle(event, context):
    settings = event.get("connectorRuntimeSettings") or {}
    if "instanceUrl" in settings:
        configuration.SALESFORCE_USERINFO_URL_FORMAT = settings["instanceUrl"] + "/services/oauth2/userinfo"
    return salesforce_lambda_handler(event, context)
