"""SAP's OData server as a source: the profile, the flows and what came out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from typing import Any
from uuid import uuid4

from headrace.connector_sdk.registry import GROUP
from headrace.testing import Headrace
from tests.standins.cap import PASSWORD, USER

ENTRIES = (
    EntryPoint("S3", "headrace.connectors.s3:CONNECTOR", GROUP),
    EntryPoint("SAPOData", "headrace.connectors.sapodata:CONNECTOR", GROUP),
)
BASIC = {"basicAuthCredentials": {"username": USER, "password": PASSWORD}}
MAP_ALL = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}, "connectorOperator": {"SAPOData": "NO_OP"}}


def profile(
    port: int, service: str, name: str = "sap", credentials: dict[str, Any] = BASIC, **properties: Any
) -> dict[str, Any]:
    given = {
        "applicationHostUrl": "http://127.0.0.1",
        "applicationServicePath": service,
        "portNumber": port,
        "clientNumber": "100",
        "logonLanguage": "EN",
    }
    return {
        "connectorProfileName": name,
        "connectorType": "SAPOData",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"SAPOData": given | properties},
            "connectorProfileCredentials": {"SAPOData": credentials},
        },
    }


def flow(
    object_path: str, tasks: Sequence[dict[str, Any]] = (MAP_ALL,), profile_name: str = "sap", **source: Any
) -> dict[str, Any]:
    """A flow with a name of its own."""
    return {
        "flowName": f"flow-{uuid4().hex}",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "SAPOData",
            "connectorProfileName": profile_name,
            "sourceConnectorProperties": {"SAPOData": {"objectPath": object_path, **source}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": list(tasks),
    }


def projected(*fields: str) -> list[dict[str, Any]]:
    operator = {"SAPOData": "NO_OP"}
    maps: list[dict[str, Any]] = [
        {"taskType": "Map", "sourceFields": [each], "destinationField": each, "connectorOperator": operator}
        for each in fields
    ]
    return [
        {"taskType": "Filter", "sourceFields": list(fields), "connectorOperator": {"SAPOData": "PROJECTION"}},
        *maps,
    ]


def condition(field: str, operator: str, data_type: str | None = None, **values: str) -> dict[str, Any]:
    typed = {} if data_type is None else {"DATA_TYPE": data_type}
    return {
        "taskType": "Filter",
        "sourceFields": [field],
        "connectorOperator": {"SAPOData": operator},
        "taskProperties": {**typed, **values},
    }


def run(service: Headrace, appflow: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Create the flow, run it, and its record."""
    appflow.create_flow(**document)
    execution = appflow.start_flow(flowName=document["flowName"])["executionId"]
    service.wait_until_settled([execution])
    (record,) = appflow.describe_flow_execution_records(flowName=document["flowName"])["flowExecutions"]
    return record


def written(service: Headrace, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of the flow's output, in order."""
    keys = service.list_objects("lake", f"{document['flowName']}/")
    return [json.loads(line) for key in keys for line in service.get_object("lake", key).splitlines()]


def writing(object_path: str, tasks: Sequence[dict[str, Any]], **destination: Any) -> dict[str, Any]:
    """A flow with a name of its own, from the objects under that name in the bucket `raw`."""
    name = f"flow-{uuid4().hex}"
    properties = {"errorHandlingConfig": {"bucketName": "errors", "bucketPrefix": name}, **destination}
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": name}},
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "SAPOData",
                "connectorProfileName": "sap",
                "destinationConnectorProperties": {"SAPOData": {"objectPath": object_path, **properties}},
            }
        ],
        "tasks": [{**task, "connectorOperator": _of_s3(task)} for task in tasks],
    }


def _of_s3(task: dict[str, Any]) -> dict[str, str]:
    (operator,) = task.get("connectorOperator", {"S3": "NO_OP"}).values()
    return {"S3": operator}
