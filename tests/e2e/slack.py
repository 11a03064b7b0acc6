"""Profiles and flows of Slack, and what they write."""

from __future__ import annotations

import json
from typing import Any

from headrace.testing import Headrace


def profile(name: str, url: str, **credentials: Any) -> dict[str, Any]:
    return {
        "connectorProfileName": name,
        "connectorType": "Slack",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Slack": {"instanceUrl": url}},
            "connectorProfileCredentials": {
                "Slack": {"clientId": "11.22", "clientSecret": "planted-secret", **credentials}
            },
        },
    }


def flow(name: str, entity: str, *filters: dict[str, Any]) -> dict[str, Any]:
    """Everything of the entity to the bucket `lake`, through the profile `acme`."""
    everything = {
        "taskType": "Map_all",
        "sourceFields": [],
        "connectorOperator": {"Slack": "NO_OP"},
        "taskProperties": {"EXCLUDE_SOURCE_FIELDS_LIST": "[]"},
    }
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "Slack",
            "connectorProfileName": "acme",
            "sourceConnectorProperties": {"Slack": {"object": entity}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": [*filters, everything],
    }


def bounded(operator: str, **properties: str) -> dict[str, Any]:
    """A filter by time."""
    return {
        "taskType": "Filter",
        "sourceFields": ["ts"],
        "connectorOperator": {"Slack": operator},
        "taskProperties": properties,
    }


def written(service: Headrace) -> list[dict[str, Any]]:
    keys = service.list_objects("lake")
    return [json.loads(line) for key in keys for line in service.get_object("lake", key).splitlines()]
