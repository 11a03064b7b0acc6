"""From a connectorType's spelling to the member that holds its properties.

Three connectors are spelt differently in the two places: Googleanalytics and GoogleAnalytics,
Infornexus and InforNexus, Servicenow and ServiceNow. Folding the case joins all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from headrace.model.enums import values_of

T = TypeVar("T")


def connector_types() -> tuple[str, ...]:
    """Every connectorType, in the model's order and spelling."""
    return values_of("ConnectorType")


def member_name(connector_type: str, members: Mapping[str, object]) -> str | None:
    """The key of `members` that stands for the connector, None if it has none."""
    if connector_type in members:
        return connector_type
    folded = connector_type.casefold()
    return next((name for name in members if name.casefold() == folded), None)


def member_of(connector_type: str, members: Mapping[str, T]) -> T | None:
    """The value that a one-member-set structure holds for the connector, None if it is another's."""
    name = member_name(connector_type, members)
    return None if name is None else members[name]
