"""What an author declared, as the answers of AppFlow's Lambda contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.connector_sdk.authoring import Authored, Destination, Source
from headrace.connector_sdk.declaring import (
    NO_AUTHENTICATION,
    ApiKey,
    BasicAuth,
    CustomAuth,
    Entity,
    Field,
    OAuth2,
    Parameter,
    Setting,
)
from headrace.connector_sdk.records import WriteOperation
from headrace.model.enums import values_of

Json = dict[str, Any]


def configuration(connector: type[Authored]) -> Json:
    """The members of a DescribeConnectorConfiguration answer."""
    modes = (("SOURCE", Source), ("DESTINATION", Destination))
    name = connector.label or connector.__name__
    return {
        "connectorOwner": connector.owner or name,
        "connectorName": name,
        "connectorVersion": connector.version,
        "connectorModes": [mode for mode, kind in modes if issubclass(connector, kind)],
        "supportedApiVersions": list(connector.api_versions),
        "authenticationConfig": _authentication(connector),
        "connectorRuntimeSetting": [_setting(each) for each in connector.settings],
        "logoURL": connector.logo_url,
        "operatorsSupported": _or_all(connector.operators, "Operators"),
        "triggerFrequenciesSupported": _or_all(connector.frequencies, "ScheduleFrequencyType"),
        "supportedWriteOperations": list(write_operations(connector)),
        "supportedTriggerTypes": ["SCHEDULED", "ONDEMAND"],
    }


def write_operations(connector: type[Authored]) -> tuple[WriteOperation, ...]:
    """Those that it declares; none where it is no destination."""
    return connector.write_operations if issubclass(connector, Destination) else ()


def entity(connector: type[Authored], given: Entity) -> Json:
    """One entity as it is listed."""
    return {
        "entityIdentifier": given.name,
        "label": given.label or given.name,
        "description": given.description,
        "hasNestedEntities": bool(given.entities),
        "isWritable": given.is_writable and bool(write_operations(connector)),
    }


def definition(connector: type[Authored], given: Entity) -> Json:
    """An entityDefinition."""
    is_source = issubclass(connector, Source)
    operations = write_operations(connector) if given.is_writable else ()
    fields = [_field(each, operations, is_source=is_source) for each in given.fields]
    place = {"keepsPlace": "true"} if given.keeps_place else None
    return {"entity": entity(connector, given), "fields": fields, "customProperties": place}


def _field(given: Field, offered: Sequence[WriteOperation], *, is_source: bool) -> Json:
    operations = [each for each in offered if given.operations is None or each in given.operations]
    return {
        "fieldName": given.name,
        "dataType": given.data_type,
        "dataTypeLabel": given.data_type,
        "label": given.label or given.name,
        "description": given.description,
        "isPrimaryKey": given.is_primary_key,
        "constraints": {"allowedValues": list(given.values)} if given.values else None,
        "readProperties": {
            "isRetrievable": is_source,
            "isNullable": given.is_nullable,
            "isQueryable": is_source and given.is_filterable,
            "isTimestampFieldForIncrementalQueries": given.is_cursor,
        },
        "writeProperties": {
            "isCreatable": "INSERT" in operations,
            "isUpdatable": "UPDATE" in operations,
            "isUpsertable": "UPSERT" in operations,
            "isNullable": given.is_nullable,
            "isDefaultedOnCreate": False,
            "supportedWriteOperations": operations,
        },
        "isDefaultTimestampFieldForIncrementalQueries": None,
    } | ({} if given.is_filterable else {"filterOperators": []})


def _authentication(connector: type[Authored]) -> Json:
    given = connector.authentication or (NO_AUTHENTICATION,)
    oauth = next((each for each in given if isinstance(each, OAuth2)), None)
    custom = [each for each in given if isinstance(each, CustomAuth)]
    return {
        "isBasicAuthSupported": any(isinstance(each, BasicAuth) for each in given),
        "isApiKeyAuthSupported": any(isinstance(each, ApiKey) for each in given),
        "isOAuth2Supported": oauth is not None,
        "isCustomAuthSupported": bool(custom),
        "oAuth2Defaults": None if oauth is None else _oauth(oauth),
        "customAuthConfig": [
            {"authenticationType": each.name, "authParameters": [_parameter(one) for one in each.parameters]}
            for each in custom
        ]
        or None,
    }


def _oauth(given: OAuth2) -> Json:
    return {
        "tokenURL": list(given.token_urls),
        "authURL": list(given.authorize_urls),
        "oAuthScopes": list(given.scopes),
        "oAuth2GrantTypesSupported": list(given.grant_types),
        "oAuth2CustomProperties": None,
    }


def _parameter(given: Parameter) -> Json:
    return {
        "key": given.key,
        "required": given.is_required,
        "label": given.label or given.key,
        "description": given.description or given.key,
        "sensitiveField": given.is_secret,
        "connectorSuppliedValues": None,
    }


def _setting(given: Setting) -> Json:
    return {
        "key": given.key,
        "dataType": given.data_type,
        "required": given.is_required,
        "label": given.label or given.key,
        "description": given.description or given.key,
        "scope": given.scope,
        "connectorSuppliedValueOptions": list(given.options) or None,
    }


def _or_all(given: Sequence[str] | None, enum: str) -> list[str]:
    return list(values_of(enum)) if given is None else list(given)
