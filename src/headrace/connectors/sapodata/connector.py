"""SAP OData as a connector of records: one profile, its services read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headrace.connector_sdk.records import Batch, Page, Query, Rejection, Side
from headrace.connectors.sapodata import browsing
from headrace.connectors.sapodata.reading import Reading
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.writing import Tokens, Writing
from headrace.errors import NotThere, Stop


class SapOData:
    """The services that one connector profile reaches; see RecordConnector."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tokens = Tokens(services)

    @property
    def batch_size(self) -> int:
        """See RecordDestination: records are sent one by one, and an INSERT that is sent again may be kept twice."""
        return 1

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource."""
        yield from Reading(self._services, query).pages(query.after)

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination."""
        return tuple(Writing(self._services, self._tokens, batch).rejections())

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002 - a service has one
        """See Catalog."""
        return browsing.entities(self._services, path)

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002 - see entities
        """See Catalog."""
        _, metadata, entity_set = self._services.entity_set(entity)
        return browsing.fields(metadata, entity_set)

    def check(self) -> None:
        """See RecordConnector: whether the service of the profile shows its $metadata."""
        service = self._services.site.default_service
        try:
            self._services.fresh(service)
        except NotThere as error:
            # The service is a part of the profile, not something that the profile was asked for.
            raise Stop(
                f"{error.message}. Write the path of an OData service, or of a catalog of them, as"
                " applicationServicePath."
            ) from error

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """See RecordConnector."""
        unkept = [name for name in settings if name.startswith("successResponseHandlingConfig.")]
        if scope == "DESTINATION" and unkept:
            raise Stop(
                "successResponseHandlingConfig is not available: what SAP answers to a record that it takes is not"
                " kept. Leave it out."
            )
