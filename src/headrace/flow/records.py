"""What a flow asks of a connector that reads or writes records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from headrace.flow.endpoints import DESTINATIONS_OF_RECORDS, SOURCES_OF_RECORDS, Endpoint, Members
from headrace.model.shapes import Document

WriteOperation = Literal["INSERT", "UPDATE", "UPSERT", "DELETE"]

# What every destination has; the runner sees to it.
_OF_WRITING: Final = frozenset({"errorHandlingConfig", "idFieldNames", "writeOperationType"})


@dataclass(frozen=True)
class Reading:
    """The entity that a source of records reads; `settings` are the flow's runtime settings for the connector.

    Those of a built-in connector are the other members of its properties, as text; a member of a structure is
    named like `paginationConfig.maxPageSize`.
    """

    profile: str
    entity: str
    settings: Mapping[str, str]
    api_version: str | None
    connector_type: str = "CustomConnector"


@dataclass(frozen=True)
class Writing:
    """The entity that a destination of records writes, and how; see Reading.

    `id_fields` tell which record is meant, other than for INSERT.
    """

    profile: str
    entity: str
    operation: WriteOperation
    id_fields: tuple[str, ...]
    settings: Mapping[str, str]
    api_version: str | None
    connector_type: str = "CustomConnector"


def read_reading(source: Endpoint) -> Reading | None:
    """What a source of records reads; None for other sources. The endpoint has no faults."""
    members = SOURCES_OF_RECORDS.get(source.connector_type)
    if members is None or source.profile is None:
        return None
    return Reading(
        profile=source.profile,
        entity=source.properties[members.entity],
        settings=_settings(source.properties, members),
        api_version=source.api_version,
        connector_type=source.connector_type,
    )


def read_writing(destination: Endpoint) -> Writing | None:
    """What a destination of records writes; None for other destinations. The endpoint has no faults."""
    members = DESTINATIONS_OF_RECORDS.get(destination.connector_type)
    if members is None or destination.profile is None:
        return None
    properties = destination.properties
    return Writing(
        profile=destination.profile,
        entity=properties[members.entity],
        operation=properties.get("writeOperationType", "INSERT"),
        id_fields=tuple(properties.get("idFieldNames", [])),
        settings=_settings(properties, members),
        api_version=destination.api_version,
        connector_type=destination.connector_type,
    )


def _settings(properties: Document, members: Members) -> Mapping[str, str]:
    if members.settings is not None:
        return properties.get(members.settings, {})
    return dict(_texts({name: properties[name] for name in properties if name not in {members.entity, *_OF_WRITING}}))


def _texts(members: Mapping[str, Any], below: str = "") -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        if isinstance(value, Mapping):
            yield from _texts(cast("Mapping[str, Any]", value), f"{below}{name}.")
        elif isinstance(value, bool):
            yield below + name, "true" if value else "false"
        else:
            yield below + name, str(value)
