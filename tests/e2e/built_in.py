"""Requests about the built-in connector of a help desk."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

import boto3

from headrace.testing import Headrace
from tests.standins.help_desk import HelpDesk

PROJECTION = {
    "taskType": "Filter",
    "sourceFields": ["id", "name"],
    "connectorOperator": {"Zendesk": "PROJECTION"},
    "taskProperties": {},
}
MAP_ALL = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}
TO_S3 = {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}


@contextmanager
def client(service: Headrace) -> Generator[Any]:
    with closing(boto3.client("appflow", **service.client_arguments)) as appflow:
        yield appflow


def profile(desk: HelpDesk, **credentials: Any) -> dict[str, Any]:
    held = {"clientId": "client", "clientSecret": "planted-client-secret"} | credentials
    return {
        "connectorProfileName": "desk",
        "connectorType": "Zendesk",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Zendesk": {"instanceUrl": desk.url}},
            "connectorProfileCredentials": {"Zendesk": held},
        },
    }


def from_desk(**members: Any) -> dict[str, Any]:
    return {
        "flowName": "from-desk",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "Zendesk",
            "connectorProfileName": "desk",
            "sourceConnectorProperties": {"Zendesk": {"object": "tickets"}},
        },
        "destinationFlowConfigList": [TO_S3],
        "tasks": [PROJECTION, MAP_ALL],
    } | members


def to_desk(**properties: Any) -> dict[str, Any]:
    return {
        "flowName": "to-desk",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "Zendesk",
                "connectorProfileName": "desk",
                "destinationConnectorProperties": {"Zendesk": {"object": "tickets", **properties}},
            }
        ],
        "tasks": [{**MAP_ALL, "connectorOperator": {"S3": "NO_OP"}}],
    }


def run(service: Headrace, appflow: Any, name: str) -> dict[str, Any]:
    execution_id = appflow.start_flow(flowName=name)["executionId"]
    service.wait_until_settled([execution_id])
    return appflow.describe_flow_execution_records(flowName=name)["flowExecutions"][0]


def lines(service: Headrace) -> list[dict[str, Any]]:
    keys = service.list_objects("lake")
    return [json.loads(line) for key in keys for line in service.get_object("lake", key).splitlines()]
