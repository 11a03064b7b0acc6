"""The source and the destinations of a flow as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Endpoint:
    """One side of a flow.

    `connector_type` is the API's enum spelling. `properties` is the set member of the connector's
    properties, as the caller sent it. `label` is None here: a flow document has none, a custom
    connector's label comes with its profile.
    """

    connector_type: str
    properties: Mapping[str, Any]
    profile: str | None = None
    label: str | None = None
    api_version: str | None = None


@dataclass(frozen=True)
class ErrorHandling:
    """What happens to records that the destination refuses, and where they are kept."""

    fail_on_first: bool = False
    bucket: str | None = None
    prefix: str | None = None
