"""What a custom connector is asked: AppFlow's requests to its Lambda function, member for member.

Source: recorded requests; what is not known at the time of the call is an explicit null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headrace.connector_sdk.records import Batch, Connection, Query

Json = dict[str, Any]
Scope = Literal["CONNECTOR_PROFILE", "SOURCE", "DESTINATION", "SOURCE_AND_DESTINATION"]

_ENTITY = (
    *("entityIdentifier", "hasNestedEntities", "label", "description", "customProperties"),
    *("supportedAPIPatternTypes", "hasAPIPatternTypeHandlerSupport", "connectorEntityOverrides", "isWritable"),
)
_FIELD = (
    *("fieldName", "dataType", "dataTypeLabel", "label", "description", "defaultValue", "constraints"),
    *("readProperties", "writeProperties", "subFields", "filterOperators", "customProperties", "parentIdentifier"),
    *("isPrimaryKey", "isDefaultTimestampFieldForIncrementalQueries", "isDeprecated"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a request belongs to; requests for metadata belong to none."""

    flow_name: str
    execution_id: str
    definition: Mapping[str, Any]


def describe_configuration(label: str) -> Json:
    return {"type": "DescribeConnectorConfigurationRequest", "locale": "en-US", "connectorLabel": label}


def validate_settings(scope: Scope, settings: Mapping[str, str]) -> Json:
    return {
        "type": "ValidateConnectorRuntimeSettingsRequest",
        "scope": scope,
        "connectorRuntimeSettings": dict(settings),
        "authenticationType": None,
    }


def validate_credentials(connection: Connection) -> Json:
    return {
        "type": "ValidateCredentialsRequest",
        "connectorRuntimeSettings": dict(connection.properties),
        "credentials": _credentials(connection),
    }


def context(
    connection: Connection, api_version: str | None, settings: Mapping[str, str] | None = None, run: Run | None = None
) -> Json:
    """The connectorContext; the flow's settings win over the profile's properties of the same name."""
    return {
        "connectorRuntimeSettings": {**connection.properties, **(settings or {})},
        "credentials": _credentials(connection),
        "apiVersion": api_version,
        "flowName": run and run.flow_name,
        "executionId": run and run.execution_id,
        "connectorProfileLabel": run and connection.profile_name,
        "entityDefinition": run and _definition(run.definition),
        "privateLinkEndpointConfiguration": None,
    }


def list_entities(context: Json, *, path: str | None, page_size: int, token: str | None) -> Json:
    # `maxResult` here, `maxResults` in QueryData: so it was recorded.
    return {
        "type": "ListEntitiesRequest",
        "entitiesPath": path,
        "maxResult": page_size,
        "nextToken": token,
        "connectorContext": context,
    }


def describe_entity(context: Json, entity: str) -> Json:
    return {"type": "DescribeEntityRequest", "entityIdentifier": entity, "connectorContext": context}


def query_data(context: Json, query: Query, fields: tuple[str, ...], token: str | None) -> Json:
    return {
        "type": "QueryDataRequest",
        "entityIdentifier": query.entity,
        "selectedFieldNames": list(fields),
        "filterExpression": query.filter_expression,
        "dataPullNextToken": query.since,
        "maxResults": query.page_size,
        "nextToken": token,
        "connectorContext": context,
    }


def write_data(context: Json, batch: Batch) -> Json:
    return {
        "type": "WriteDataRequest",
        "entityIdentifier": batch.entity,
        "operation": batch.operation,
        "idFieldNames": list(batch.id_fields) or None,
        "records": list(batch.records),
        "allOrNone": batch.all_or_none,
        "connectorContext": context,
    }


def _credentials(connection: Connection) -> Json:
    return {
        "secretArn": connection.secret_arn,
        "confusedDeputyHeader": None,
        "roleDelegation": None,
        "authenticationType": connection.credentials.kind,
    }


def _definition(given: Mapping[str, Any]) -> Json:
    """The definition as the connector described it, with every member that AppFlow sends."""
    return {
        "entity": _filled(_ENTITY, given["entity"]),
        "fields": [_filled(_FIELD, field) for field in given["fields"]],
        "customProperties": given.get("customProperties"),
    }


def _filled(members: tuple[str, ...], given: Mapping[str, Any]) -> Json:
    return {**dict.fromkeys(members), **given}
