"""Checks of how a source is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from headrace.connector_sdk.conformance.bench import (
    PAGE_SIZE,
    Bench,
    Look,
    NotApplicableError,
    equal_to,
    faulty,
    value,
)
from headrace.connector_sdk.conformance.describing import data_type
from headrace.connector_sdk.records import KeepsPlace, Page, Query
from headrace.errors import ConnectorError, StartOver

Json = Mapping[str, Any]

# What Lambda lets an answer have; one page is one answer.
_LARGEST_PAGE_BYTES = 6 * 1024 * 1024
_SLOWEST_PAGE_S = 60.0
_SIZES = (1, 2, 7)
_MOST_RESUMED = 8
_MOST_FILTERED = 4
_PLAIN = re.compile(r"[^\"'\\\x00-\x1f\x7f]+")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?", re.ASCII)


def _is_whole(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


def _is_number(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _is_instant(found: object) -> bool:
    # Epoch seconds and milliseconds are instants too.
    return _is_number(found) or (isinstance(found, str) and _INSTANT.fullmatch(found) is not None)


_FITS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("Integer", "Long", "Short", "BigInteger"), _is_whole),
    **dict.fromkeys(("Float", "Double"), _is_number),
    # More digits than a float has are given as text.
    "BigDecimal": lambda found: _is_number(found) or isinstance(found, str),
    "Boolean": lambda found: isinstance(found, bool),
    "String": lambda found: isinstance(found, str),
    **dict.fromkeys(("Date", "DateTime"), _is_instant),
    "List": lambda found: isinstance(found, list),
    **dict.fromkeys(("Map", "Struct"), lambda found: isinstance(found, dict)),
}


def can_be_read(bench: Bench) -> None:
    """Every entity can be read."""
    faults: list[str] = []
    for entity in bench.readable():
        try:
            bench.look(bench.query(entity))
        except ConnectorError as error:
            faults.append(f"{entity}: {error.message}")
    faulty(faults)


def reads_what_it_describes(bench: Bench) -> None:
    """Every record is a JSON object whose members are fields of the entity."""
    faults: list[str] = []
    for entity, look in bench.filled():
        known = {field["identifier"] for field in bench.fields(entity)}
        for record in look.records:
            found = value(record)
            if not isinstance(found, dict):
                faults.append(f"{entity}: {record[:100]} is no JSON object")
            elif strangers := sorted(cast("Json", found).keys() - known):
                faults.append(f"{entity}: {', '.join(strangers)} is in a record and is no field")
    faulty(list(dict.fromkeys(faults)))


def values_have_their_types(bench: Bench) -> None:
    """Values are of the types that their fields are described with, or null."""
    faults: list[str] = []
    for entity, look in bench.filled():
        kinds = {field["identifier"]: data_type(field) for field in bench.fields(entity)}
        for record in _objects(look):
            for name, found in record.items():
                fits = _FITS.get(kinds.get(name) or "")
                if fits is not None and found is not None and not fits(found):
                    faults.append(f"{entity}.{name} is of the type {kinds[name]}, one is {str(found)[:50]!r}")
    faulty(list(dict.fromkeys(faults)))


def reads_alike_every_time(bench: Bench) -> None:
    """Read twice, records come in the same order."""
    faulty(
        [
            f"{entity}: {difference}"
            for entity, look in bench.filled()
            if (difference := look.differs(bench.look(bench.query(entity), bench.anew())))
        ]
    )


def reads_side_by_side(bench: Bench) -> None:
    """Two that read at the same time don't disturb each other."""
    faults: list[str] = []
    for entity, _ in bench.filled():
        query, connector = bench.query(entity, page_size=5), bench.anew()
        alone = bench.look(query, bench.anew())
        one = iter(connector.read(query))
        first = [page for page in (next(one, None),) if page is not None]
        bench.look(query, connector)
        rest = [page for page, _ in zip(one, range(len(alone.pages) - 1), strict=False)]
        together = Look((*first, *rest), is_whole=False)
        if len(together.records) < len(alone.records) or alone.differs(together):
            faults.append(f"{entity}: with another reader it reads {len(together.records)} of {len(alone.records)}")
    faulty(faults)


def goes_on_at_every_position(bench: Bench) -> None:
    """From each position that a page names, reading goes on as if it had never stopped."""
    faults: list[str] = []
    has_positions = False
    for entity, _ in bench.filled():
        look = bench.look(bench.query(entity, page_size=3))
        for page, rest in _stops(look):
            has_positions = True
            again = _again(bench, bench.query(entity, page_size=3, after=page.position))
            if difference := rest.differs(again):
                faults.append(f"{entity}, after the position {str(page.position)[:50]!r}: {difference}")
    if not has_positions:
        raise NotApplicableError("every entity is one page of three records")
    faulty(faults)


def _again(bench: Bench, query: Query) -> Look:
    try:
        return bench.look(query, bench.anew())
    except StartOver:
        raise NotApplicableError("whoever loses the place reads again from the start, and is told so") from None


def goes_on_at_its_bookmark(bench: Bench) -> None:
    """Where it keeps its place, what was read once is not read from the bookmark on."""
    connector = bench.anew()
    if not isinstance(connector, KeepsPlace):
        raise NotApplicableError("headrace keeps the place of its incremental flows")
    faults: list[str] = []
    kept = [entity for entity, _ in bench.filled() if connector.keeps_place(entity)]
    # As the first run of an incremental flow asks.
    looks = [(entity, bench.look(bench.query(entity, since=""), connector)) for entity in kept]
    if not any(look.is_whole for _, look in looks):
        raise NotApplicableError("headrace keeps the place of its incremental flows")
    for entity, look in looks:
        if not look.is_whole:
            continue
        bookmark = next((page.bookmark for page in reversed(look.pages) if page.bookmark is not None), None)
        if bookmark is None:
            faults.append(f"{entity}: no page names a bookmark")
            continue
        again = bench.look(bench.query(entity, since=bookmark), connector)
        if again.records:
            faults.append(f"{entity}: {len(again.records)} records come again after {bookmark[:50]!r}")
    faulty(faults)


def positions_lead_on(bench: Bench) -> None:
    """No position comes twice, so that reading ends."""
    faults: list[str] = []
    for entity, _ in bench.filled():
        try:
            look = bench.look(bench.query(entity, page_size=4))
        except ConnectorError as error:
            faults.append(f"{entity}: {error.message}")
            continue
        named = [page.position for page in look.pages if page.position is not None]
        faults += [f"{entity}: a position is {each!r}, no text" for each in named if not _is_text(each)]
        twice = {each for each in named if named.count(each) > 1}
        faults += [f"{entity}: the position {str(each)[:50]!r} comes twice" for each in sorted(map(str, twice))]
    faulty(faults)


def keeps_to_the_page_size(bench: Bench) -> None:
    """No page has more records than were asked for."""
    faults: list[str] = []
    for entity, _ in bench.filled():
        for size in _SIZES:
            pages = bench.look(bench.query(entity, page_size=size)).pages
            longest = max((len(page.records) for page in pages), default=0)
            if longest > size:
                faults.append(f"{entity}: asked for {size}, a page has {longest} records")
    faulty(faults)


def reads_the_same_in_pages_of_any_size(bench: Bench) -> None:
    """Small pages hold the same records as large ones."""
    faulty(
        [
            f"{entity}, in pages of {size}: {difference}"
            for entity, look in bench.filled()
            for size in (*_SIZES, PAGE_SIZE * 8)
            if (difference := look.differs(bench.look(bench.query(entity, page_size=size))))
        ]
    )


def loses_nothing_by_projection(bench: Bench) -> None:
    """Asked for some fields only, it reads every record, and those fields as they are."""
    faults: list[str] = []
    for entity, look in bench.filled():
        names = [field["identifier"] for field in bench.fields(entity)]
        wanted = tuple(names[::2])
        few = bench.look(bench.query(entity, fields=wanted))
        whole, part = _only(wanted, look), _only(wanted, few)
        if difference := whole.differs(part):
            faults.append(f"{entity}, with the fields {', '.join(wanted)}: {difference}")
    faulty(faults)


def loses_nothing_by_filters(bench: Bench) -> None:
    """Asked for some records only, it reads all of these, and perhaps more."""
    faults, tries = list[str](), 0
    for entity, look in bench.filled():
        for name, wanted in _wanted(bench, entity, look):
            tries += 1
            condition, expression = equal_to(name, wanted)
            query = bench.query(entity, filter_expression=expression, conditions=(condition,))
            found = bench.look(query)
            right = [each for each in _objects(look) if _same(each.get(name), wanted)]
            read = _objects(found)
            if found.is_whole and (lost := [each for each in right if each not in read]):
                faults.append(f"{entity}, where {expression}: {len(lost)} of {len(right)} records are lost")
    if not tries:
        raise NotApplicableError("no field that can be filtered has a plain value")
    faulty(faults)


def answers_within_bounds(bench: Bench) -> None:
    """A page comes within a minute and has at most 6 MB, as AWS Lambda allows."""
    faults: list[str] = []
    for entity, _ in bench.filled():
        now_s, reading = bench.subject.clock_s, iter(bench.connector.read(bench.query(entity, page_size=1000)))
        before_s, waited_s = now_s(), bench.patience.waited_s
        page = next(reading, None)
        took_s = now_s() - before_s - (bench.patience.waited_s - waited_s)
        size_bytes = sum(len(record.encode(errors="replace")) for record in (page.records if page else ()))
        if took_s > _SLOWEST_PAGE_S:
            faults.append(f"{entity}: a page took {took_s:.0f} s")
        if size_bytes > _LARGEST_PAGE_BYTES:
            faults.append(f"{entity}: a page of 1,000 records has {size_bytes:,} bytes, over {_LARGEST_PAGE_BYTES:,}")
    faulty(faults)


def _stops(look: Look) -> Iterator[tuple[Page, Look]]:
    """Some of the pages that name a position, each with what comes after it."""
    places = [place for place, page in enumerate(look.pages) if page.position is not None]
    for place in places[:: max(1, len(places) // _MOST_RESUMED)]:
        yield look.pages[place], Look(look.pages[place + 1 :], is_whole=look.is_whole)


def _wanted(bench: Bench, entity: str, look: Look) -> Iterator[tuple[str, str | float]]:
    """Fields that can be filtered, with a value that a record in the middle has."""
    objects, count = _objects(look), 0
    middle = objects[len(objects) // 2] if objects else {}
    for field in bench.fields(entity):
        name, found = field["identifier"], middle.get(field["identifier"])
        said = cast("Json", field.get("sourceProperties") or {}).get("isQueryable")
        is_plain = _is_number(found) or isinstance(found, bool) or (_is_text(found) and _PLAIN.fullmatch(str(found)))
        if said is not False and is_plain and data_type(field) not in {"Date", "DateTime"}:
            yield name, cast("str | float", found)
            count += 1
            if count == _MOST_FILTERED:
                return


def _same(found: object, wanted: object) -> bool:
    return found == wanted and isinstance(found, bool) is isinstance(wanted, bool)


def _only(names: Sequence[str], look: Look) -> Look:
    kept = [{name: found for name, found in each.items() if name in names} for each in _objects(look)]
    return Look((Page(kept),), is_whole=look.is_whole)


def _objects(look: Look) -> list[dict[str, Any]]:
    """The records that are JSON objects."""
    return [cast("dict[str, Any]", found) for each in look.records if isinstance(found := value(each), dict)]


def _is_text(found: object) -> bool:
    return isinstance(found, str) and bool(found)


READING = (
    can_be_read,
    reads_what_it_describes,
    values_have_their_types,
    reads_alike_every_time,
    reads_side_by_side,
    goes_on_at_every_position,
    goes_on_at_its_bookmark,
    positions_lead_on,
    keeps_to_the_page_size,
    reads_the_same_in_pages_of_any_size,
    loses_nothing_by_projection,
    loses_nothing_by_filters,
    answers_within_bounds,
)
