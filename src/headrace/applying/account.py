"""What an account of headrace or AWS has, asked by the Python client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headrace.client import Client, UnreadableAnswer, types
from headrace.errors import ResourceNotFoundException
from headrace.model.api import OPERATIONS

CUSTOM = "CustomConnector"


class Account:
    """Flows, profiles and connectors of whoever the client signs for; answers come as the service has them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def flow(self, name: str) -> dict[str, Any] | None:
        """What DescribeFlow says; None where there is no such flow."""
        return self._described("DescribeFlow", {"flowName": name})

    def flows(self) -> Iterator[dict[str, Any]]:
        """What ListFlows says of each."""
        return self._pages("ListFlows", {}, "flows")

    def profile(self, name: str) -> dict[str, Any] | None:
        """What is told of a connector profile; None where there is none."""
        return next(self._pages("DescribeConnectorProfiles", {"connectorProfileNames": [name]}, _PROFILES), None)

    def profiles(self) -> Iterator[dict[str, Any]]:
        """What is told of each connector profile: no secrets."""
        return self._pages("DescribeConnectorProfiles", {}, _PROFILES)

    def connector(self, label: str) -> dict[str, Any] | None:
        """The configuration of a custom connector; None where none has the label."""
        found = self._described("DescribeConnector", {"connectorType": CUSTOM, "connectorLabel": label})
        return None if found is None else found["connectorConfiguration"]

    def connectors(self) -> Iterator[dict[str, Any]]:
        """The configuration of each custom connector that was registered."""
        for listed in self._pages("ListConnectors", {}, "connectors"):
            if listed.get("connectorType") == CUSTOM and "connectorProvisioningType" in listed:
                found = self.connector(listed["connectorLabel"])
                if found is not None and "connectorProvisioningConfig" in found:
                    yield found

    def do(self, operation: str, request: Mapping[str, Any]) -> None:
        """Call an operation that changes something: with a token of its own, so that retries do it once."""
        self._client.send(getattr(types, f"{operation}Input").from_document(request))

    def _described(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return self._client.ask("POST", OPERATIONS[operation].path, request)
        except ResourceNotFoundException:
            return None

    def _pages(self, operation: str, request: Mapping[str, Any], member: str) -> Iterator[dict[str, Any]]:
        asked = dict(request)
        while True:
            page = self._client.ask("POST", OPERATIONS[operation].path, asked)
            yield from page.get(member, ())
            token = page.get("nextToken")
            if token is None:
                return
            if token == asked.get("nextToken"):
                raise UnreadableAnswer(f"{operation} names the same page again", status=200)
            asked["nextToken"] = token


_PROFILES = "connectorProfileDetails"
