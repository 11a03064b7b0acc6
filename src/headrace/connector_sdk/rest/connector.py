"""A connector of records made of an Api."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.declaring import Field
from headrace.connector_sdk.http.logins import Keys
from headrace.connector_sdk.http.messages import Request
from headrace.connector_sdk.http.session import Account, Session
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side, WriteOperation
from headrace.connector_sdk.rest.asking import Asked, Values, page_request
from headrace.connector_sdk.rest.bodies import Body
from headrace.connector_sdk.rest.browsing import described, listed, tops
from headrace.connector_sdk.rest.fields import inferred, shown
from headrace.connector_sdk.rest.filters import Types
from headrace.connector_sdk.rest.paging import Turn
from headrace.connector_sdk.rest.spec import Api, Described, Resource
from headrace.connector_sdk.rest.writing import Writer, batch_size
from headrace.connector_sdk.templates import filled, matched, names_in
from headrace.errors import NotThere, Stop

# How many records fields are inferred from.
_SAMPLE = 100


def opened(api: Api) -> Callable[[Connection, Outside], RestConnector]:
    """What opens profiles of the application, see RecordConnectorType."""
    return lambda _, outside: RestConnector(api, outside)


class RestConnector:
    """One connector profile of an application that an Api describes; see RecordConnector.

    Subclass it, or wrap it, where the application is odd: `session` sends requests, `base` is where paths begin.
    """

    def __init__(self, api: Api, outside: Outside) -> None:
        self.api = api
        self.session = _session(api, outside)
        self.base = _base(filled(api.base_url, self.session.values), outside.base_url)
        self._headers = {"accept": "application/json"} | {name.lower(): value for name, value in api.headers.items()}
        self._kept = outside.kept
        login = api.logins[outside.connection().credentials.kind]
        self._secrets = tuple(login.params) if isinstance(login, Keys) else ()

    @property
    def batch_size(self) -> int:
        """See RecordDestination."""
        return batch_size(write for each in self.api.resources for write in each.writes)

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource."""
        resource, names = self.resource(query.entity)
        is_asking = bool(query.conditions) or (query.fields is not None and resource.projection is not None)
        types = self._types(resource, query.entity, names) if is_asking else None
        return self.pages(resource, query, names, types)

    def pages(self, resource: Resource, query: Query, names: Values, types: Types | None = None) -> Iterator[Page]:
        """The pages of a resource from `query.after` on; `names` are the values of those in its templates.

        Raises Stop where a position comes again.
        """
        asked = Asked(resource, query, {**self.session.values, **query.settings, **names}, types or {})
        position = query.after
        seen: set[bytes] = set()
        while True:
            seen.add(_mark(position))
            with self.session.hiding():
                page = self._page(asked, position)
            if page.position is not None and _mark(page.position) in seen:
                raise Stop(
                    f"{self.api.name} answered the position {page.position[:100]!r} again while {query.entity!r}"
                    " was read, so its pages would never end."
                )
            yield page
            position = page.position
            if position is None:
                return

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination."""
        resource, names = self.resource(batch.entity)
        for write in resource.writes:
            if write.operation == batch.operation and not batch.all_or_none:
                values = {**self.session.values, **batch.settings, **names}
                writer = Writer(write, batch, self.base, self._headers, values, self.session.send, self.api.faults.said)
                with self.session.hiding():
                    hide = self.session.hide
                    return tuple(Rejection(each.place, hide(each.reason)) for each in writer.rejections())
        known = ", ".join(each.operation for each in resource.writes) or "nothing"
        whole = " as a whole" if batch.all_or_none else ""
        raise Stop(f"{self.api.name} can't take {batch.operation} of {batch.entity!r}{whole}. It takes {known}.")

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog."""
        found = tops(self.api.resources) if path is None else []
        below = [each for each in self.api.resources if each.listed is not None and each.listed.under == path]
        if path is not None and not below:
            raise NotThere(f"{self.api.name} has no entities below {path!r}.")
        for each in below:
            if each.listed is not None:
                found += listed(each, each.listed, self._every(each.listed.by, {}))
        return found

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog. What is but a folder of others has no fields."""
        folders = {each.listed.under for each in self.api.resources if each.listed is not None}
        if entity in folders - {each.entity for each in self.api.resources}:
            return []
        resource, names = self.resource(entity)
        operations: list[WriteOperation] = [write.operation for write in resource.writes]
        return [shown(field, operations) for field in self._fields(resource, entity, names)]

    def check(self) -> None:
        """Return if the application takes the credentials. Raises Retry or Stop."""
        if self.api.check is not None:
            self.session.send(Request("GET", self.base + self.api.check, self._headers))
            return
        singles = [each for each in self.api.resources if not names_in(each.entity)]
        first = (singles + [each.listed.by for each in self.api.resources if each.listed is not None])[0]
        next(self.pages(first, replace(sample_of(first.entity), page_size=1), {}))

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """Any settings will do: those that a template needs are asked for when it is filled."""

    def resource(self, entity: str) -> tuple[Resource, Values]:
        """The resource of the entity and the values of the names in it. Raises NotThere."""
        for each in self.api.resources:
            names = matched(each.entity, entity)
            if names is not None:
                return each, names
        known = ", ".join(each.entity for each in self.api.resources)
        raise NotThere(f"{self.api.name} has no entity {entity!r}. It has: {known}.")

    def _page(self, asked: Asked, position: str | None) -> Page:
        resource = asked.resource
        answer = self.session.send(page_request(self.base, self._headers, asked, position))
        if answer.status == 204 or self.api.faults.is_nothing(answer):
            return Page((), None)
        body = Body(answer)
        records = body.records(resource.records, resource.record, is_optional=resource.is_optional)
        last = records[-1] if records else None
        turn = Turn(answer, body, position, len(records), last, self._secrets)
        return Page(records, resource.paging.following(turn))

    def _every(self, resource: Resource, names: Values) -> Iterator[str]:
        """Every record of a resource that says what there is."""
        for page in self.pages(resource, sample_of(resource.entity), names):
            yield from page.records

    def _fields(self, resource: Resource, entity: str, names: Values) -> Sequence[Field]:
        known = resource.fields
        if isinstance(known, Described):
            return described(known, self._every(known.by, names))
        if known:
            return known
        return inferred(next(self.pages(resource, sample_of(entity), names)).records[:_SAMPLE])

    def _types(self, resource: Resource, entity: str, names: Values) -> Types:
        """Of fields that the application lists, those are kept; fields are not inferred in order to filter."""
        known = resource.fields
        if isinstance(known, Described):
            return self._kept(f"types of {entity}", lambda: _types(described(known, self._every(known.by, names))))
        return _types(known)


def _mark(position: str | None) -> bytes:
    """Of a position, as much as tells it from others: there may be millions, of any length."""
    return blake2b(repr(position).encode(errors="surrogatepass"), digest_size=16).digest()


def _types(fields: Sequence[Field]) -> Types:
    return {field.name: field.data_type for field in fields if field.is_filterable}


def _base(usual: str, instead: str | None) -> str:
    """Where paths begin: at the usual URL, or at the same path of another host. Raises Stop for what is no URL."""
    parts = urlsplit(usual)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Stop(f"{usual!r} is no URL: write it with https:// at its beginning.")
    # A property that ends with a slash, filled in before another one.
    parts = parts._replace(path=re.sub("/+", "/", parts.path))
    return (parts.geturl() if instead is None else instead.rstrip("/") + parts.path).rstrip("/")


def _session(api: Api, outside: Outside) -> Session:
    kind = outside.connection().credentials.kind
    login = api.logins.get(kind)
    if login is None:
        raise Stop(f"{api.name} can't be reached with {kind} credentials, only with {', '.join(api.logins)}.")
    account = Account(outside.connection, outside.refresh)
    return outside.http.session(account, login, judge=api.faults.judge, limits=api.limits)


def sample_of(entity: str) -> Query:
    """A query for whatever comes first, or for everything in large pages."""
    return Query(
        entity=entity,
        fields=None,
        filter_expression=None,
        after=None,
        page_size=1000,
        flow_name="",
        execution_id="",
        api_version=None,
        settings={},
    )
