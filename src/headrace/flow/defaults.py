"""The defaults that AppFlow fills in where a flow document leaves them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from headrace.model.shapes import Document

_SALESFORCE_SOURCE: Final = MappingProxyType({"enableDynamicFieldUpdate": False, "includeDeletedRecords": False})


def with_defaults(document: Document) -> dict[str, Any]:
    """The document as DescribeFlow shows it; `document` itself stays as it is.

    What the caller wrote keeps its place and its order, what is filled in comes after it. Doing
    it again changes nothing, so what DescribeFlow answers UpdateFlow can store (invariant 10).
    Only defaults that AppFlow was seen to fill in: the properties of a trigger, the output format of
    an S3 destination and the switches of a Salesforce source.
    """
    changed = dict(document)
    # Airflow's operators delete triggerProperties from the answer and fail where it is missing.
    changed["triggerConfig"] = _filled(document["triggerConfig"], {"triggerProperties": {}})
    changed["sourceFlowConfig"] = _within(
        document["sourceFlowConfig"], "sourceConnectorProperties", "Salesforce", _salesforce_source
    )
    changed["destinationFlowConfigList"] = [
        _within(config, "destinationConnectorProperties", "S3", _s3_destination)
        for config in document["destinationFlowConfigList"]
    ]
    return changed


def _within(config: Document, union: str, member: str, fill: Callable[[Document], dict[str, Any]]) -> dict[str, Any]:
    """`config` with the member of its union filled in, where that member is set."""
    properties: Mapping[str, Any] = config[union]
    if member not in properties:
        return dict(config)
    return {**config, union: {**properties, member: fill(properties[member])}}


def _salesforce_source(properties: Document) -> dict[str, Any]:
    return _filled(properties, _SALESFORCE_SOURCE)


def _s3_destination(properties: Document) -> dict[str, Any]:
    # Of a format that was given AppFlow leaves the type as it is: Terraform finds nothing to change after it.
    output = properties.get("s3OutputFormatConfig", {"fileType": "JSON"})
    filled = _filled(output, {"prefixConfig": {}, "aggregationConfig": {}})
    filled["aggregationConfig"] = _filled(filled["aggregationConfig"], {"aggregationType": "None"})
    return {**properties, "s3OutputFormatConfig": filled}


def _filled(given: Document, defaults: Document) -> dict[str, Any]:
    return {**given, **{name: value for name, value in defaults.items() if name not in given}}
