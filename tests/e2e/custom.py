"""Custom connectors hosted by a service of a test, and the requests that use them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3

from headrace.connector_sdk.hosts.book import to_document
from headrace.connector_sdk.hosts.process import Handler
from headrace.store import connectors
from headrace.testing import Headrace

STANDINS = Path(__file__).parents[1] / "standins"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:connector"
BASIC = {"authenticationType": "BASIC", "basic": {"username": "ann", "password": "planted-password"}}


def host(service: Headrace, handler: str, folder: Path = STANDINS, arn: str = ARN) -> None:
    """What `headrace connectors host` writes down."""
    place = to_document(Handler(handler, sys.executable, folder))
    store = service.service.backend.store
    store.write(lambda tx: connectors.put_place(tx, arn, place)).result()


def client(service: Headrace) -> Any:
    return boto3.client("appflow", **service.client_arguments)


def registration(label: str, arn: str = ARN) -> dict[str, Any]:
    return {
        "connectorLabel": label,
        "connectorProvisioningType": "LAMBDA",
        "connectorProvisioningConfig": {"lambda": {"lambdaArn": arn}},
    }


def profile(name: str, label: str, credentials: dict[str, Any], **properties: str) -> dict[str, Any]:
    return {
        "connectorProfileName": name,
        "connectorType": "CustomConnector",
        "connectorLabel": label,
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"CustomConnector": {"profileProperties": properties}},
            "connectorProfileCredentials": {"CustomConnector": credentials},
        },
    }


def mapping(connector: str, *fields: str) -> list[dict[str, Any]]:
    """Tasks that project the fields and map each to its own name."""
    tasks: list[dict[str, Any]] = [
        {
            "taskType": "Map",
            "sourceFields": [field],
            "destinationField": field,
            "connectorOperator": {connector: "NO_OP"},
        }
        for field in fields
    ]
    projection = {"taskType": "Filter", "sourceFields": list(fields), "connectorOperator": {connector: "PROJECTION"}}
    return [projection, *tasks]


def from_connector(name: str, profile_name: str, entity: str, *fields: str) -> dict[str, Any]:
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "CustomConnector",
            "connectorProfileName": profile_name,
            "sourceConnectorProperties": {"CustomConnector": {"entityName": entity}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": mapping("CustomConnector", *fields),
    }


def to_connector(name: str, profile_name: str, entity: str, *fields: str) -> dict[str, Any]:
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "CustomConnector",
                "connectorProfileName": profile_name,
                "destinationConnectorProperties": {
                    "CustomConnector": {"entityName": entity, "writeOperationType": "INSERT"}
                },
            }
        ],
        "tasks": mapping("S3", *fields),
    }


def run(service: Headrace, appflow: Any, flow: dict[str, Any]) -> dict[str, Any]:
    """Create the flow, run it, and its record."""
    appflow.create_flow(**flow)
    execution = appflow.start_flow(flowName=flow["flowName"])["executionId"]
    service.wait_until_settled([execution])
    (record,) = appflow.describe_flow_execution_records(flowName=flow["flowName"])["flowExecutions"]
    return record
