"""The flow that the tests of the command line run."""

from __future__ import annotations

from typing import Any


def flow_document(**changes: Any) -> dict[str, Any]:
    """From `raw/in` to `lake`, as JSON Lines; `changes` replace members."""
    return {
        "flowName": "people",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {
                    "S3": {"bucketName": "lake", "s3OutputFormatConfig": {"fileType": "JSON"}}
                },
            }
        ],
        "tasks": [
            {
                "taskType": "Filter",
                "sourceFields": ["name"],
                "connectorOperator": {"S3": "NOT_EQUAL_TO"},
                "taskProperties": {"DATA_TYPE": "string", "VALUE": "Grace"},
            },
            {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}},
        ],
    } | changes
