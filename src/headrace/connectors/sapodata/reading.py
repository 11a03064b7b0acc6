"""The records of an entity set, page after page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import msgspec

from headrace.connector_sdk.records import Page, Query
from headrace.connectors.sapodata.edmx import EntitySet, Metadata
from headrace.connectors.sapodata.filters import filter_of
from headrace.connectors.sapodata.pages import found_in
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.shapes import Shape
from headrace.errors import Stop

PAGE_SIZE_SETTING = "paginationConfig.maxPageSize"
# Longer lists of fields make URLs that servers refuse: everything is read, and the rest left out afterwards.
_LONGEST_SELECT = 3000


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read on: at the service's own link, or else `skip` records from the start.

    `count` is how many records of the window from `skip` on are read, `first` a mark of the window's first one.
    """

    skip: int = 0
    link: str | None = None
    count: int = 0
    first: str | None = None

    @classmethod
    def of(cls, position: str | None) -> Place:
        """The place of a page's position; None: the start."""
        return cls() if position is None else cls(**json.loads(position))

    def __str__(self) -> str:
        """As a page's position."""
        return json.dumps(asdict(self))


class Reading:
    """Reads what one query asks for.

    A service of version 4 is told how long pages may be, and says itself where the next one begins. One of version
    2 need not: it is asked for windows of that many records, in the order of their keys, and within a window its
    own links are followed where it has any.
    """

    def __init__(self, services: Services, query: Query) -> None:
        self._services = services
        self._service, self._metadata, self._set = services.entity_set(query.entity)
        self._params = _params(query, self._metadata, self._set)
        self._shape = Shape(self._metadata, self._set, query.fields)
        self._size = int(query.settings.get(PAGE_SIZE_SETTING, query.page_size))
        self._is_v4 = self._metadata.version == "V4"
        self._has_windows = not self._is_v4 and self._set.is_pageable

    def pages(self, after: str | None) -> Iterator[Page]:
        """The pages from the position on. Raises Retry or Stop."""
        place: Place | None = Place.of(after)
        while place is not None:
            records, place = self._page(place)
            yield Page(records, None if place is None else str(place))

    def _page(self, place: Place) -> tuple[tuple[str, ...], Place | None]:
        url = place.link or self._url(place)
        headers = {"prefer": f"odata.maxpagesize={self._size}"} if self._is_v4 else {}
        answer = self._services.get(url, self._metadata, headers)
        found, link = found_in(answer, self._metadata.version)
        records = tuple(self._record(each, answer.where) for each in found)
        if link is not None:
            site = self._services.site
            link = site.followed(link, asked=answer.url, service=self._service, is_lenient=not self._is_v4)
        return records, self._next(place, found, link)

    def _url(self, place: Place) -> str:
        params = dict(self._params)
        if self._has_windows:
            params |= {"$top": str(self._size), "$skip": str(place.skip)}
        return self._services.site.url(f"{self._service}/{self._set.name}", params)

    def _record(self, text: str, where: str) -> str:
        try:
            return self._shape.record(text)
        except msgspec.DecodeError:
            raise Stop(f"{where} answered a record that is no object: {text[:100]}") from None

    def _next(self, place: Place, found: Sequence[str], link: str | None) -> Place | None:
        count = place.count + len(found)
        first = self._mark(place, found)
        if link is not None:
            return replace(place, link=link, count=count, first=first)
        # More than a window: the service doesn't read $top, so this was everything.
        if not self._has_windows or count != self._size:
            return None
        return Place(skip=place.skip + count, first=first)

    def _mark(self, place: Place, found: Sequence[str]) -> str | None:
        """A mark of the window's first record. Raises Stop where the window before began with the same one."""
        if not self._has_windows or place.count or not found:
            return place.first
        mark = hashlib.blake2b(found[0].encode(errors="surrogatepass"), digest_size=8).hexdigest()
        if mark == place.first:
            raise Stop(
                f"{self._set.name} begins with the same record from record {place.skip} on as before: the service"
                f" {self._service} does not read $skip, so its records can't be read in pages. Give a"
                " paginationConfig with a maxPageSize that all of them fit into."
            )
        return mark


def _params(query: Query, metadata: Metadata, entity_set: EntitySet) -> Mapping[str, str]:
    params: dict[str, str] = {}
    if (select := _select(query.fields, entity_set)) is not None:
        params["$select"] = select
    if (said := filter_of(query.conditions, entity_set, metadata.version)) is not None:
        params["$filter"] = said
    if metadata.version == "V2" and entity_set.is_pageable and all(each.is_sortable for each in entity_set.keys):
        params |= {"$orderby": ",".join(each.name for each in entity_set.keys)} if entity_set.keys else {}
    return params


def _select(fields: Sequence[str] | None, entity_set: EntitySet) -> str | None:
    """The fields that there are, in the order of the service; None: all of them are asked for."""
    names = [each.name for each in entity_set.properties]
    asked = names if fields is None else [name for name in names if name in set(fields)]
    # Records are counted even where no field of theirs is wanted.
    chosen = ",".join(asked or [each.name for each in entity_set.keys])
    return None if len(asked) == len(names) or len(chosen) > _LONGEST_SELECT else chosen or None
