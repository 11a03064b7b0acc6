"""Flow documents for tests, made of small parts."""

from __future__ import annotations

from typing import Any

Task = dict[str, Any]


def document(
    *tasks: Task,
    source: str = "S3",
    trigger: dict[str, Any] | None = None,
    destination: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A CreateFlow body with these tasks; from S3 to S3 unless told otherwise."""
    return {
        "flowName": "orders",
        "triggerConfig": trigger or {"triggerType": "OnDemand"},
        "sourceFlowConfig": source_config(source),
        "destinationFlowConfigList": [destination or s3_destination()],
        "tasks": list(tasks),
    }


def source_config(connector_type: str) -> dict[str, Any]:
    if connector_type == "S3":
        return {"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}}}
    member = {"Googleanalytics": "GoogleAnalytics", "Infornexus": "InforNexus", "Servicenow": "ServiceNow"}
    place = {"SAPOData": "objectPath", "CustomConnector": "entityName"}
    properties = {place.get(connector_type, "object"): "Account"}
    return {
        "connectorType": connector_type,
        "connectorProfileName": "profile",
        "sourceConnectorProperties": {member.get(connector_type, connector_type): properties},
    }


def s3_destination(**properties: Any) -> dict[str, Any]:
    return {
        "connectorType": "S3",
        "destinationConnectorProperties": {"S3": {"bucketName": "lake", **properties}},
    }


def destination(connector_type: str, profile: str | None = "profile", **properties: Any) -> dict[str, Any]:
    config = {
        "connectorType": connector_type,
        "destinationConnectorProperties": {connector_type: properties},
    }
    return config if profile is None else {**config, "connectorProfileName": profile}


def scheduled(expression: str, **properties: Any) -> dict[str, Any]:
    return {
        "triggerType": "Scheduled",
        "triggerProperties": {"Scheduled": {"scheduleExpression": expression, **properties}},
    }


def task(
    task_type: str,
    fields: list[str] | None = None,
    to: str | None = None,
    operator: str | None = None,
    key: str = "S3",
    **properties: str,
) -> Task:
    """A task; `operator` None leaves connectorOperator out, as `to` None does with destinationField."""
    made: Task = {"taskType": task_type, "sourceFields": fields or []}
    if operator is not None:
        made["connectorOperator"] = {key: operator}
    if to is not None:
        made["destinationField"] = to
    if properties:
        made["taskProperties"] = properties
    return made


def condition(operator: str, field: str = "a", key: str = "S3", **properties: str) -> Task:
    return task("Filter", [field], operator=operator, key=key, **properties)


def projection(*fields: str, key: str = "S3") -> Task:
    return task("Filter", list(fields), operator="PROJECTION", key=key)


def mapped(source: str, to: str | None = None, **properties: str) -> Task:
    return task("Map", [source], to=to or source, operator="NO_OP", **properties)


MAP_ALL: Task = task("Map_all", operator="NO_OP")
