"""What a flow asks of a connector that reads or writes records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from headrace.flow.endpoints import OF_RECORDS, Endpoint
from headrace.model.types import CustomConnectorDestinationProperties, CustomConnectorSourceProperties

WriteOperation = Literal["INSERT", "UPDATE", "UPSERT", "DELETE"]


@dataclass(frozen=True)
class Reading:
    """The entity that a source of records reads; `settings` are the flow's runtime settings for the connector."""

    profile: str
    entity: str
    settings: Mapping[str, str]
    api_version: str | None


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


def read_reading(source: Endpoint) -> Reading | None:
    """What a source of records reads; None for other sources. The endpoint has no faults."""
    if source.connector_type not in OF_RECORDS or source.profile is None:
        return None
    properties = cast("CustomConnectorSourceProperties", source.properties)
    return Reading(source.profile, properties["entityName"], properties.get("customProperties", {}), source.api_version)


def read_writing(destination: Endpoint) -> Writing | None:
    """What a destination of records writes; None for other destinations. The endpoint has no faults."""
    if destination.connector_type not in OF_RECORDS or destination.profile is None:
        return None
    properties = cast("CustomConnectorDestinationProperties", destination.properties)
    return Writing(
        profile=destination.profile,
        entity=properties["entityName"],
        operation=properties.get("writeOperationType", "INSERT"),
        id_fields=tuple(properties.get("idFieldNames", [])),
        settings=properties.get("customProperties", {}),
        api_version=destination.api_version,
    )
