"""A custom connector's descriptions of itself, in the API's shapes.

Source: the files that the connector SDK's integration test compares AppFlow's answers with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headrace.connector_sdk.lambda_answers import NO_VALID_RESPONSE, as_list, as_object
from headrace.errors import Stop
from headrace.model.enums import values_of

Json = dict[str, Any]

_NUMBER = (
    *("NOT_EQUAL_TO", "EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO"),
    *("GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO"),
)
_INSTANT = (*("EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO", "BETWEEN"),)
_NUMBERS = ("Integer", "Float", "Double", "Long", "Short", "BigInteger", "BigDecimal")
# What a field can be filtered by where the connector does not say.
_OPERATORS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_NUMBERS, _NUMBER),
    "Date": _INSTANT,
    "DateTime": _INSTANT,
    "String": ("CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"),
    "Boolean": ("EQUAL_TO", "NOT_EQUAL_TO"),
    "List": ("CONTAINS",),
    "Map": ("CONTAINS",),
}
_TRIGGERS = {"ONDEMAND": "OnDemand", "SCHEDULED": "Scheduled"}
_MODES = ("SOURCE", "DESTINATION")


def configuration(given: Mapping[str, Any]) -> Json:
    """What DescribeConnector shows of a DescribeConnectorConfiguration answer. Raises Stop if it can't be used."""
    modes = _known(given, "connectorModes", _MODES)
    if not modes:
        raise Stop(f"{NO_VALID_RESPONSE} `connectorModes` names neither SOURCE nor DESTINATION.")
    name = _text(given.get("connectorName"))
    return _given(
        {
            "canUseAsSource": "SOURCE" in modes,
            "canUseAsDestination": "DESTINATION" in modes,
            "supportedDestinationConnectors": ["S3", "CustomConnector", "Salesforce"] if "SOURCE" in modes else [],
            "supportedSchedulingFrequencies": _all_or(given, "triggerFrequenciesSupported", "ScheduleFrequencyType"),
            "isPrivateLinkEnabled": False,
            "isPrivateLinkEndpointUrlRequired": False,
            "supportedTriggerTypes": _triggers(given),
            "connectorType": "CustomConnector",
            "connectorDescription": name,
            "connectorOwner": _text(given.get("connectorOwner")),
            "connectorName": name,
            "connectorVersion": _text(given.get("connectorVersion")),
            "connectorModes": modes,
            "authenticationConfig": _authentication(as_object(given.get("authenticationConfig")) or {}),
            "connectorRuntimeSettings": [_setting(each) for each in _objects(given, "connectorRuntimeSetting")],
            "supportedApiVersions": _texts(given, "supportedApiVersions"),
            "supportedOperators": _all_or(given, "operatorsSupported", "Operators"),
            "supportedWriteOperations": _all_or(given, "supportedWriteOperations", "WriteOperationType"),
            "logoURL": _text(given.get("logoURL")),
            "supportedDataTransferTypes": ["RECORD"],
        }
    )


def entity(given: Mapping[str, Any]) -> Json:
    """A ConnectorEntity. Raises Stop if it has no name."""
    name = _named(given, "entityIdentifier")
    return {
        "name": name,
        "label": _text(given.get("label")) or name,
        "hasNestedEntities": given.get("hasNestedEntities") is True,
    }


def field(given: Mapping[str, Any]) -> Json:
    """A ConnectorEntityField. Raises Stop if it has no name."""
    name = _named(given, "fieldName")
    return _given(
        {
            "identifier": name,
            "parentIdentifier": _text(given.get("parentIdentifier")),
            "label": _text(given.get("label")) or name,
            "isPrimaryKey": given.get("isPrimaryKey") is True,
            "defaultValue": _text(given.get("defaultValue")),
            "isDeprecated": given.get("isDeprecated") is True,
            "supportedFieldTypeDetails": {"v1": _type(given)},
            "description": _text(given.get("description")),
            "sourceProperties": _readable(as_object(given.get("readProperties"))),
            "destinationProperties": _writable(as_object(given.get("writeProperties"))),
            "customProperties": _properties(as_object(given.get("customProperties"))),
        }
    )


def _type(given: Mapping[str, Any]) -> Json:
    kind = _text(given.get("dataType")) or "String"
    limits = as_object(given.get("constraints")) or {}
    said = given.get("filterOperators")
    return _given(
        {
            "fieldType": kind,
            "filterOperators": list(_OPERATORS.get(kind, ()))
            if said is None
            else _known(given, "filterOperators", values_of("Operators")),
            "supportedValues": _texts(limits, "allowedValues"),
            "valueRegexPattern": _text(limits.get("allowedValuesRegexPattern")),
            "supportedDateFormat": _text(limits.get("allowedDateFormat")),
            "fieldValueRange": _range(as_object(limits.get("allowedValueRange"))),
            "fieldLengthRange": _range(as_object(limits.get("allowedLengthRange"))),
        }
    )


def _range(given: Json | None) -> Json | None:
    if given is None:
        return None
    found = {"minimum": given.get("minRange"), "maximum": given.get("maxRange")}
    return {name: value for name, value in found.items() if isinstance(value, int | float)} or None


def _readable(given: Json | None) -> Json | None:
    names = ("isRetrievable", "isQueryable", "isTimestampFieldForIncrementalQueries")
    return None if given is None else _switches(given, names)


def _writable(given: Json | None) -> Json | None:
    names = ("isCreatable", "isNullable", "isUpsertable", "isUpdatable", "isDefaultedOnCreate")
    if given is None:
        return None
    operations = _known(given, "supportedWriteOperations", values_of("WriteOperationType"))
    return {**_switches(given, names), "supportedWriteOperations": operations}


def _properties(given: Json | None) -> Json | None:
    return {name: str(value) for name, value in (given or {}).items() if value is not None} or None


def _authentication(given: Mapping[str, Any]) -> Json:
    names = ("isBasicAuthSupported", "isApiKeyAuthSupported", "isOAuth2Supported", "isCustomAuthSupported")
    defaults = as_object(given.get("oAuth2Defaults"))
    custom = [
        {
            "customAuthenticationType": _text(each.get("authenticationType")),
            "authParameters": [_parameter(one) for one in _objects(each, "authParameters")],
        }
        for each in _objects(given, "customAuthConfig")
    ]
    return _given(
        {
            **_switches(given, names),
            "oAuth2Defaults": None if defaults is None else _oauth(defaults),
            "customAuthConfigs": custom or None,
        }
    )


def _oauth(given: Mapping[str, Any]) -> Json:
    properties = [
        _given({**_parameter(each), "type": _text(each.get("type"))})
        for each in _objects(given, "oAuth2CustomProperties")
    ]
    return _given(
        {
            "oauthScopes": _texts(given, "oAuthScopes"),
            "tokenUrls": _texts(given, "tokenURL"),
            "authCodeUrls": _texts(given, "authURL"),
            "oauth2GrantTypesSupported": _known(given, "oAuth2GrantTypesSupported", values_of("OAuth2GrantType")),
            "oauth2CustomProperties": properties or None,
        }
    )


def _parameter(given: Mapping[str, Any]) -> Json:
    return _given(
        {
            "key": _text(given.get("key")),
            "isRequired": given.get("required") is True,
            "label": _text(given.get("label")),
            "description": _text(given.get("description")),
            "isSensitiveField": given.get("sensitiveField") is True,
            "connectorSuppliedValues": _texts(given, "connectorSuppliedValues") or None,
        }
    )


def _setting(given: Mapping[str, Any]) -> Json:
    return _given(
        {
            "key": _text(given.get("key")),
            "dataType": _text(given.get("dataType")),
            "isRequired": given.get("required") is True,
            "label": _text(given.get("label")),
            "description": _text(given.get("description")),
            "scope": _text(given.get("scope")),
            "connectorSuppliedValueOptions": _texts(given, "connectorSuppliedValueOptions") or None,
        }
    )


def _triggers(given: Mapping[str, Any]) -> list[str]:
    said = given.get("supportedTriggerTypes")
    return [shown for name, shown in _TRIGGERS.items() if said is None or name in said]


def _all_or(given: Mapping[str, Any], member: str, enum: str) -> list[str]:
    """The values of the list that the API knows; all that it knows where the connector names none."""
    known = values_of(enum)
    return list(known) if given.get(member) is None else _known(given, member, known)


def _known(given: Mapping[str, Any], member: str, known: Sequence[str]) -> list[str]:
    return [each for each in as_list(given, member) if each in known]


def _texts(given: Mapping[str, Any], member: str) -> list[str]:
    return [str(each) for each in as_list(given, member) if each is not None]


def _objects(given: Mapping[str, Any], member: str) -> list[Json]:
    return [found for each in as_list(given, member) if (found := as_object(each)) is not None]


def _switches(given: Mapping[str, Any], names: Iterable[str]) -> Json:
    return {name: given.get(name) is True for name in names}


def _named(given: Mapping[str, Any], member: str) -> str:
    name = given.get(member)
    if not isinstance(name, str) or not name:
        raise Stop(f"{NO_VALID_RESPONSE} An element has no `{member}`: {sorted(given)}.")
    return name


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _given(members: Json) -> Json:
    return {name: value for name, value in members.items() if value is not None}
