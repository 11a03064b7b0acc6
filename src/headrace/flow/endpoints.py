"""The source and the destination of a flow as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from headrace.engine.formats import InputFormat
from headrace.engine.layout import FileType, Output
from headrace.flow.faults import Faults, Place, listed, shown
from headrace.flow.operators import is_destination, is_source
from headrace.flow.rules import Rule
from headrace.flow.schedule import TriggerType
from headrace.model.connector_names import connector_types, member_name, member_of
from headrace.model.shapes import Document

if TYPE_CHECKING:
    from headrace.model.types import (
        DestinationFlowConfig,
        ErrorHandlingConfig,
        S3DestinationProperties,
        S3SourceProperties,
        SourceFlowConfig,
    )

_MEGABYTE: Final = 1024 * 1024
_FORMATS: Final[Mapping[str, InputFormat]] = {"CSV": "csv", "JSON": "json", "PARQUET": "parquet"}

# AppFlow reaches these without credentials; a profile given all the same is ignored.
WITHOUT_PROFILE: Final = frozenset({"S3", "EventBridge", "LookoutMetrics", "Upsolver", "CustomerProfiles"})
# AppFlow has events of Salesforce alone. Of a custom connector its profile says which it is, and so whether it has any.
WITH_EVENTS: Final = frozenset({"CustomConnector", "S3", "Salesforce"})
_TRIGGERS_OF_DESTINATIONS: Final[Mapping[str, TriggerType]] = {"EventBridge": "Event", "LookoutMetrics": "Scheduled"}
_WRITES: Final[Mapping[str, tuple[str, ...]]] = {
    "SAPOData": ("INSERT", "UPDATE", "UPSERT"),
    "Zendesk": ("INSERT", "UPDATE", "UPSERT"),
}
_UPSOLVER_PREFIX: Final = "upsolver-appflow"
_TRIGGER: Final = ("triggerConfig", "triggerType")
_DESTINATIONS: Final = "destinationFlowConfigList"


@dataclass(frozen=True, slots=True)
class Members:
    """Which members of a connector's properties say what is read or written.

    `settings` is the one that holds the runtime settings; None: those are all members that have no meaning of
    their own.
    """

    entity: str = "object"
    settings: str | None = None


_CUSTOM: Final = Members("entityName", settings="customProperties")
# Connectors that answer pages of records, through a connector profile.
SOURCES_OF_RECORDS: Final[Mapping[str, Members]] = {
    **dict.fromkeys(
        (
            *("Amplitude", "Datadog", "Dynatrace", "Googleanalytics", "Infornexus", "Marketo", "Pardot", "Salesforce"),
            *("Servicenow", "Singular", "Slack", "Trendmicro", "Veeva", "Zendesk"),
        ),
        Members(),
    ),
    "SAPOData": Members("objectPath"),
    "CustomConnector": _CUSTOM,
}
# Connectors that take batches of records, through a connector profile.
DESTINATIONS_OF_RECORDS: Final[Mapping[str, Members]] = {
    **dict.fromkeys(("Honeycode", "Marketo", "Redshift", "Salesforce", "Snowflake", "Zendesk"), Members()),
    "SAPOData": Members("objectPath"),
    "CustomConnector": _CUSTOM,
}


@dataclass(frozen=True)
class Endpoint:
    """One side of a flow.

    `connector_type` is the API's enum spelling. `properties` is the set member of the connector's
    properties, as the caller sent it. `label` is None here: a flow document has none, a custom
    connector's label comes with its profile.
    """

    connector_type: str
    properties: Document
    profile: str | None = None
    label: str | None = None
    api_version: str | None = None


@dataclass(frozen=True)
class ErrorHandling:
    """What happens to records that the destination refuses, and where they are kept."""

    fail_on_first: bool = False
    bucket: str | None = None
    prefix: str | None = None


def read_source(config: SourceFlowConfig, trigger_type: TriggerType, faults: Faults) -> Endpoint:
    """The source of a flow with this trigger."""
    side = _Side("Source", ("sourceFlowConfig",), config["connectorType"], faults)
    union = cast("dict[str, Any]", config["sourceConnectorProperties"])
    properties = _properties(side, union, possible=[t for t in connector_types() if is_source(t)])
    profile = _profile(side, config.get("connectorProfileName"))
    connector_type = side.connector_type
    if trigger_type == "Event" and connector_type not in WITH_EVENTS:
        side.fault(
            Rule.TRIGGER,
            f"triggerType Event is not supported for {connector_type} sources",
            f"write OnDemand or Scheduled, or a source of {listed(sorted(WITH_EVENTS))}",
            place=_TRIGGER,
        )
    return Endpoint(connector_type, properties, profile, api_version=config.get("apiVersion"))


def read_destinations(
    configs: Sequence[DestinationFlowConfig], trigger_type: TriggerType, faults: Faults
) -> tuple[Endpoint, ...]:
    """The destinations; the wire has a list, AppFlow takes exactly one."""
    if len(configs) != 1:
        what = f"destinationFlowConfigList has {len(configs)} destinations"
        faults.part("Destination", Rule.ONE_DESTINATION, (_DESTINATIONS,), what, "write exactly one")
    return tuple(
        _read_destination(
            config, trigger_type, _Side("Destination", (_DESTINATIONS, n), config["connectorType"], faults)
        )
        for n, config in enumerate(configs)
    )


def read_input(source: Endpoint) -> InputFormat | None:
    """The format of an S3 source's files, CSV where the flow doesn't say; a source of records is kept as JSON Lines.

    None for other sources.
    """
    if source.connector_type != "S3":
        return "json" if source.connector_type in SOURCES_OF_RECORDS else None
    properties = cast("S3SourceProperties", source.properties)
    return _FORMATS[properties.get("s3InputFormatConfig", {}).get("s3InputFileType", "CSV")]


def read_output(destination: Endpoint, faults: Faults) -> Output | None:
    """What an S3 destination asks for, or what batches are made of; None for other destinations."""
    if destination.connector_type in DESTINATIONS_OF_RECORDS:
        # A null that nobody wrote would clear what the destination has.
        changes = destination.properties.get("writeOperationType") in {"UPDATE", "UPSERT"}
        return Output(bucket="", casts=True, omits_lacking=changes, keeps_source=True)
    if destination.connector_type != "S3" or not destination.properties:
        return None
    properties = cast("S3DestinationProperties", destination.properties)
    config = properties.get("s3OutputFormatConfig", {})
    prefix, aggregation = config.get("prefixConfig", {}), config.get("aggregationConfig", {})
    megabytes = aggregation.get("targetFileSize", 0)
    if megabytes < 0:
        side = _Side("Destination", (_DESTINATIONS, 0), "S3", faults)
        below = ("s3OutputFormatConfig", "aggregationConfig", "targetFileSize")
        what = f"targetFileSize is {megabytes}"
        side.fault(Rule.FILE_SIZE, what, "write a size in MB, or leave it out", below=below)
    hierarchy = prefix.get("pathPrefixHierarchy")
    file_type, _, packing = config.get("fileType", "JSON").partition("_")
    return Output(
        bucket=properties["bucketName"],
        prefix=properties.get("bucketPrefix", ""),
        file_type=cast("FileType", file_type),
        is_packed=packing == "GZIP",
        prefix_type=prefix.get("prefixType"),
        prefix_format=prefix.get("prefixFormat"),
        hierarchy=None if hierarchy is None else tuple(hierarchy),
        is_single_file=aggregation.get("aggregationType") == "SingleFile",
        target_file_bytes=megabytes * _MEGABYTE if megabytes > 0 else None,
        # Users set it beside other formats too, where it means nothing.
        keeps_types=config.get("preserveSourceDataTyping", False) and config.get("fileType") == "PARQUET",
    )


def read_errors(destination: Endpoint) -> ErrorHandling:
    """The destination's errorHandlingConfig."""
    config = cast("ErrorHandlingConfig", destination.properties.get("errorHandlingConfig", {}))
    return ErrorHandling(
        fail_on_first=config.get("failOnFirstDestinationError", False),
        bucket=config.get("bucketName"),
        prefix=config.get("bucketPrefix"),
    )


def _read_destination(config: DestinationFlowConfig, trigger_type: TriggerType, side: _Side) -> Endpoint:
    connector_type = side.connector_type
    union = cast("dict[str, Any]", config["destinationConnectorProperties"])
    possible = [t for t in connector_types() if is_destination(t)]
    properties = _properties(side, union, possible=possible)
    profile = _profile(side, config.get("connectorProfileName"))
    needed = _TRIGGERS_OF_DESTINATIONS.get(connector_type, trigger_type)
    if trigger_type != needed:
        what = f"triggerType is {trigger_type}, but {connector_type} destinations need {needed}"
        side.fault(Rule.TRIGGER, what, "write that", place=_TRIGGER)
    _check_write(side, properties)
    _check_prefix(side, properties.get("bucketPrefix"), ("bucketPrefix",))
    errors = properties.get("errorHandlingConfig", {})
    _check_prefix(side, errors.get("bucketPrefix"), ("errorHandlingConfig", "bucketPrefix"))
    bucket = properties.get("bucketName", "")
    if connector_type == "Upsolver" and properties and not bucket.startswith(_UPSOLVER_PREFIX):
        what, instead = (
            f"the Upsolver bucket is {shown(bucket)}",
            f"write one whose name starts with {_UPSOLVER_PREFIX}",
        )
        side.fault(Rule.BUCKET, what, instead, below=("bucketName",))
    return Endpoint(connector_type, properties, profile, api_version=config.get("apiVersion"))


@dataclass(frozen=True, slots=True)
class _Side:
    """The source or the destination that is being read; `place` is its configuration's."""

    part: Literal["Source", "Destination"]
    place: Place
    connector_type: str
    faults: Faults

    @property
    def union(self) -> str:
        """The member that has the connector's properties."""
        return f"{self.part.lower()}ConnectorProperties"

    def fault(self, rule: Rule, what: str, instead: str, *, place: Place | None = None, below: Place = ()) -> None:
        """Add a fault at `place`, else `below` the connector's properties, else of the side as a whole."""
        at = (*self.place, self.union, self.connector_type, *below) if below else self.place
        self.faults.part(self.part, rule, at if place is None else place, what, instead)


def _properties(side: _Side, union: Mapping[str, Document], *, possible: Sequence[str]) -> Document:
    """The one set member, which must be the connector's; empty, with a fault, where it isn't."""
    connector_type = side.connector_type
    if connector_type not in possible:
        what = f"{connector_type} can't be a {side.part.lower()}"
        side.fault(Rule.CONNECTOR, what, f"write {listed(possible)}", place=(*side.place, "connectorType"))
        return {}
    if len(union) != 1 or member_name(connector_type, union) is None:
        has = f"has {', '.join(union)}" if union else "is empty"
        side.fault(
            Rule.PROPERTIES,
            f"connectorType is {connector_type}, but {side.union} {has}",
            f"write the {connector_type} properties alone",
            place=(*side.place, side.union),
        )
        return {}
    properties = member_of(connector_type, union) or {}
    members = SOURCES_OF_RECORDS.get(connector_type)
    if side.part == "Source" and members is not None and not properties.get(members.entity):
        what = f"the {connector_type} properties lack {members.entity}"
        side.fault(Rule.PROPERTIES, what, "write the name of what is to be read", below=(members.entity,))
    return properties


def _profile(side: _Side, name: str | None) -> str | None:
    if name is None and side.connector_type not in WITHOUT_PROFILE:
        what = f"{side.connector_type} needs a connectorProfileName"
        side.fault(Rule.PROFILE, what, "write the name of a connector profile")
    return name


def _check_prefix(side: _Side, prefix: str | None, below: Place) -> None:
    # A run could read everything and then not write it: no bucket takes such a key (connector_sdk.keys).
    if prefix and (not {".", ".."}.isdisjoint(prefix.split("/")) or "\0" in prefix):
        side.fault(
            Rule.BUCKET,
            f"the bucketPrefix {shown(prefix)} can't begin a key",
            "write one without a NUL character, none of whose parts between slashes is . or ..",
            below=below,
        )


def _check_write(side: _Side, properties: Document) -> None:
    operation: str = properties.get("writeOperationType", "INSERT")
    allowed = _WRITES.get(side.connector_type)
    if allowed is not None and operation not in allowed:
        what = f"writeOperationType {operation} is not supported for {side.connector_type} destinations"
        side.fault(Rule.WRITE_OPERATION, what, f"write {listed(allowed)}", below=("writeOperationType",))
    elif operation != "INSERT" and not any(properties.get("idFieldNames", [])):
        what = f"writeOperationType {operation} needs idFieldNames"
        side.fault(Rule.ID_FIELDS, what, "write the field that identifies a record", below=("writeOperationType",))
