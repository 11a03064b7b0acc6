"""Documents as files have them, and what a service says of the same things."""

from __future__ import annotations

import json
from typing import Any

from headrace.documents import Document, read

ARN = "arn:aws:appflow:us-east-1:000000000000:flow/orders"
DAILY = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1days)", "dataPullMode": "Complete"}},
}
ON_DEMAND = {"triggerType": "OnDemand"}


def flow(**changes: Any) -> dict[str, Any]:
    """A CreateFlow request; members that are None are left out."""
    request = {
        "flowName": "orders",
        "triggerConfig": ON_DEMAND,
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "orders"}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}],
        **changes,
    }
    return {name: value for name, value in request.items() if value is not None}


def described(**changes: Any) -> dict[str, Any]:
    """What DescribeFlow says of the same flow, defaults and all."""
    request = flow(**changes)
    status = "Active" if request["triggerConfig"]["triggerType"] == "OnDemand" else "Draft"
    output = {"fileType": "JSON", "prefixConfig": {}, "aggregationConfig": {"aggregationType": "None"}}
    places = [
        {
            **each,
            "destinationConnectorProperties": {
                "S3": {"s3OutputFormatConfig": output, **each["destinationConnectorProperties"]["S3"]}
            },
        }
        for each in request["destinationFlowConfigList"]
    ]
    return {
        "flowArn": ARN,
        "flowStatus": status,
        "kmsArn": "arn:aws:kms:us-east-1:000000000000:key/1",
        "tags": {},
        "metadataCatalogConfig": {},
        "schemaVersion": 1,
        **request,
        "triggerConfig": {"triggerProperties": {}, **request["triggerConfig"]},
        "destinationFlowConfigList": places,
    }


def document(request: dict[str, Any], **more: Any) -> Document:
    (found,) = read("orders.json", json.dumps({**request, **more}).encode(), {})
    return found


def profile(**changes: Any) -> dict[str, Any]:
    """A CreateConnectorProfile request."""
    return {
        "connectorProfileName": "desk",
        "connectorType": "Zendesk",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Zendesk": {"instanceUrl": "https://desk.example.com"}},
            "connectorProfileCredentials": {
                "Zendesk": {"clientId": "${DESK_ID}", "clientSecret": "${DESK_SECRET}", "accessToken": "a${b}"}
            },
        },
        **changes,
    }
