"""What the API's model says about connectors: sources, destinations and their operators."""

from __future__ import annotations

from functools import cache

from headrace.model.api import SHAPES
from headrace.model.connector_names import member_of
from headrace.model.shapes import String, Structure

_SOURCES = "SourceConnectorProperties"
_DESTINATIONS = "DestinationConnectorProperties"


@cache
def operators_of(connector_type: str) -> frozenset[str]:
    """The operators that tasks may use with this source; empty for a connector that is none."""
    shape = SHAPES.get(member_of(connector_type, _members("ConnectorOperator")) or "")
    return frozenset(shape.enum) if isinstance(shape, String) else frozenset()


@cache
def is_source(connector_type: str) -> bool:
    """Whether the API has source properties for this connector."""
    return member_of(connector_type, _members(_SOURCES)) is not None


@cache
def is_destination(connector_type: str) -> bool:
    """Whether the API has destination properties for this connector."""
    return member_of(connector_type, _members(_DESTINATIONS)) is not None


def needs_projection(connector_type: str) -> bool:
    """Whether a flow from this source must say which fields to read (a projection or Map_all).

    AppFlow refuses Salesforce and custom connectors without, accepts S3, and says "most
    connectors require a projection task": so every source but S3 that has the operator.
    """
    return connector_type != "S3" and "PROJECTION" in operators_of(connector_type)


@cache
def _members(structure: str) -> dict[str, str]:
    shape = SHAPES[structure]
    return {member.name: member.shape for member in shape.members} if isinstance(shape, Structure) else {}
