"""Connector profiles where there are none."""

from __future__ import annotations

from headrace.connector_sdk.records import RecordConnector
from headrace.errors import NotThere


class NoConnections:
    """Opens nothing."""

    def open(self, account: str, region: str, profile_name: str, connector_type: str | None = None) -> RecordConnector:  # noqa: ARG002
        """See Connections."""
        raise NotThere(f"There is no connector profile {profile_name} in account {account}, region {region}.")
