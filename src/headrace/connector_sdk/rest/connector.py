"""A connector of records made of an Api."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headrace.connector_sdk.http.messages import Request
from headrace.connector_sdk.http.session import Account, Http, Session
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side
from headrace.connector_sdk.rest.asking import base_url, page_request
from headrace.connector_sdk.rest.bodies import Body
from headrace.connector_sdk.rest.fields import inferred, shown
from headrace.connector_sdk.rest.paging import Turn
from headrace.connector_sdk.rest.spec import Api, Resource
from headrace.connector_sdk.templates import matched, names_in
from headrace.errors import NotThere, Stop

# How many records fields are inferred from.
_SAMPLE = 100


class RestConnector:
    """One connector profile of an application that an Api describes; see RecordConnector.

    Subclass it, or wrap it, where the application is odd: `session` sends requests, `page` reads one.
    """

    def __init__(
        self, api: Api, http: Http, connection: Callable[[], Connection], refresh: Callable[[], bool] = bool
    ) -> None:
        self.api = api
        self.session = _session(api, http, connection, refresh)

    @property
    def batch_size(self) -> int:
        """See RecordDestination."""
        return 1

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource."""
        resource, names = self.resource(query.entity)
        position = query.after
        while True:
            page = self.page(resource, names, query, position)
            if position is not None and page.position == position:
                raise Stop(
                    f"{self.api.name} answered the position {position[:100]!r} again while {query.entity!r} was read,"
                    " so its pages would never end."
                )
            yield page
            position = page.position
            if position is None:
                return

    def page(self, resource: Resource, names: Mapping[str, str], query: Query, position: str | None) -> Page:
        """One page of a resource; `names` are the values of those in its entity."""
        values = {**self.session.values, **query.settings, **names}
        answer = self.session.send(page_request(self.api, resource, query, position, values))
        body = Body(answer)
        records = body.records(resource.records, resource.record, is_optional=resource.is_optional)
        last = records[-1] if records else None
        return Page(records, resource.paging.following(Turn(answer, body, position, len(records), last)))

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination."""
        raise Stop(f"{self.api.name} can't take {batch.operation} of {batch.entity!r}.")

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog."""
        return [
            {"name": each.entity, "label": each.label or each.entity, "hasNestedEntities": False}
            for each in self.api.resources
            if path is None and not names_in(each.entity)
        ]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog."""
        resource, names = self.resource(entity)
        fields = resource.fields
        if not fields:
            page = self.page(resource, names, _sample(entity, api_version), None)
            fields = inferred(page.records[:_SAMPLE])
        return [shown(field) for field in fields]

    def check(self) -> None:
        """Return if the application takes the credentials. Raises Retry or Stop."""
        if self.api.check is None:
            first = self.api.resources[0]
            self.page(first, {}, _sample(first.entity, None), None)
        else:
            url = base_url(self.api, self.session.values) + self.api.check
            self.session.send(Request("GET", url, dict(self.api.headers)))

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """Any settings will do: those that a template needs are asked for when it is filled."""

    def resource(self, entity: str) -> tuple[Resource, Mapping[str, str]]:
        """The resource of the entity and the values of the names in it. Raises NotThere."""
        for each in self.api.resources:
            names = matched(each.entity, entity)
            if names is not None:
                return each, names
        known = ", ".join(each.entity for each in self.api.resources)
        raise NotThere(f"{self.api.name} has no entity {entity!r}. It has: {known}.")


def _session(api: Api, http: Http, connection: Callable[[], Connection], refresh: Callable[[], bool]) -> Session:
    kind = connection().credentials.kind
    login = api.logins.get(kind)
    if login is None:
        raise Stop(f"{api.name} can't be reached with {kind} credentials, only with {', '.join(api.logins)}.")
    return http.session(Account(connection, refresh), login, judge=api.faults.judge, limits=api.limits)


def _sample(entity: str, api_version: str | None) -> Query:
    return Query(
        entity=entity,
        fields=None,
        filter_expression=None,
        after=None,
        page_size=_SAMPLE,
        flow_name="",
        execution_id="",
        api_version=api_version,
        settings={},
    )
