"""Checks of how a destination is written to; only entities that the user names are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from headrace.connector_sdk.conformance.bench import (
    Bench,
    FaultError,
    NotApplicableError,
    equal_to,
    faulty,
    value,
)
from headrace.connector_sdk.conformance.samples import changed, keys, sample
from headrace.connector_sdk.conformance.subject import Writing
from headrace.connector_sdk.records import Batch, Rejection, WriteOperation
from headrace.errors import ConnectorError, Stop
from headrace.model.enums import values_of

Json = Mapping[str, Any]


@dataclass
class Desk:
    """One entity that is written to. `count` sets its records and batches apart from those of other checks."""

    bench: Bench
    writing: Writing
    place: int
    count: int = 0

    @property
    def entity(self) -> str:
        """Its name."""
        return self.writing.entity

    @property
    def fields(self) -> Sequence[Json]:
        """Its fields."""
        return self.bench.fields(self.entity)

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell which record is meant."""
        return keys(self.writing, self.fields)

    def new(self, count: int) -> list[dict[str, Any]]:
        """Records that were never written."""
        self.count += count
        start = self.place + self.count - count
        return [sample(self.writing, self.fields, self.bench.subject.seed, start + each) for each in range(count)]

    def batch(self, operation: WriteOperation, records: Sequence[Json], *, all_or_none: bool = False) -> Batch:
        """A batch that was never written."""
        self.count += 1
        return Batch(
            key=f"conformance/{self.bench.subject.seed}/{self.place + self.count}",
            entity=self.entity,
            operation=operation,
            id_fields=() if operation == "INSERT" else self.keys,
            records=tuple(json.dumps(record) for record in records),
            flow_name="conformance",
            execution_id=f"conformance-{self.bench.subject.seed}",
            api_version=None,
            settings=self.bench.subject.settings,
            all_or_none=all_or_none,
        )

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """Write it."""
        return self.bench.anew().write(batch)

    def put(self, records: Sequence[Json]) -> None:
        """Write records that must be taken, as new ones. Raises NotApplicableError where that fails."""
        refused = self.write(self.batch(self.putting, records))
        if refused:
            raise NotApplicableError(f"{self.entity} refuses the sample: {refused[0].reason}")

    @property
    def putting(self) -> WriteOperation:
        """The operation that writes new records. Raises NotApplicableError where there is none."""
        operations = self.bench.subject.abilities.operations
        found = next((each for each in ("INSERT", "UPSERT") if each in operations), None)
        if found is None:
            raise NotApplicableError("it writes nothing new")
        return cast("WriteOperation", found)

    def held(self, record: Json) -> list[Json]:
        """What can be read of a record, by its key. Raises NotApplicableError where it can't be known."""
        names = self.keys
        if not self.bench.subject.abilities.reads:
            raise NotApplicableError("it is no source, so what was written can't be looked at")
        if not names or any(name not in record for name in names):
            raise NotApplicableError(f"{self.entity} has no key that the writer gives")
        condition, expression = equal_to(names[0], record[names[0]])
        query = self.bench.query(self.entity, filter_expression=expression, conditions=(condition,), page_size=1000)
        look = self.bench.look(query, self.bench.anew())
        objects = [cast("Json", found) for each in look.records if isinstance(found := value(each), dict)]
        found = [each for each in objects if all(each.get(name) == record[name] for name in names)]
        if not found and not look.is_whole:
            raise NotApplicableError(f"{self.entity} has too many records to find one")
        return found

    def count_of(self, records: Sequence[Json]) -> list[int]:
        """How often each record is there."""
        return [len(self.held(record)) for record in records]


def writes_what_it_declares(bench: Bench) -> None:
    """Each write operation that it declares takes a record."""
    faults: list[str] = []
    for desk in _desks(bench):
        for operation in bench.subject.abilities.operations:
            with suppress(NotApplicableError):
                faults += _takes(desk, operation)
    faulty(faults)


def keeps_what_it_takes(bench: Bench) -> None:
    """What was written and not refused can be read."""
    for desk in _desks(bench):
        records = desk.new(3)
        desk.put(records)
        for record in records:
            held = desk.held(record)
            if len(held) != 1:
                raise FaultError(f"{desk.entity}: a record that was taken is there {len(held)} times")
            lost = [name for name in record if name in held[0] and not _alike(held[0][name], record[name])]
            faulty([f"{desk.entity}.{name}: {record[name]!r} became {held[0][name]!r}" for name in lost])


def changes_the_record_that_is_meant(bench: Bench) -> None:
    """UPDATE, UPSERT and DELETE change the record whose id they name, and no other."""
    operations = {"UPDATE", "UPSERT", "DELETE"}.intersection(bench.subject.abilities.operations)
    if not operations:
        raise NotApplicableError("it has none of them")
    for desk in _desks(bench):
        for operation in sorted(operations):
            _changes_one(desk, cast("WriteOperation", operation))


def names_what_it_refuses(bench: Bench) -> None:
    """Of a batch with a bad record the bad one is named, with a reason, and the others are kept."""
    for desk in _desks(bench):
        good, bad = desk.new(4), _bad(desk)
        refused = desk.write(desk.batch(desk.putting, [good[0], good[1], bad, good[2]]))
        if [each.place for each in refused] != [2] or not refused[0].reason.strip():
            said = ", ".join(f"{each.place} ({each.reason or 'no reason'})" for each in refused) or "none"
            raise FaultError(f"{desk.entity}: of four records the one at place 2 is bad, refused is {said}")
        if bench.subject.abilities.reads and desk.count_of(good[:3]) != [1, 1, 1]:
            raise FaultError(f"{desk.entity}: records beside a bad one are there {desk.count_of(good[:3])} times")


def takes_all_or_none(bench: Bench) -> None:
    """Where all or none is asked for, a bad record takes the whole batch back."""
    for desk in _desks(bench):
        good, bad = desk.new(2), _bad(desk)
        desk.count_of(good)
        try:
            refused = desk.write(desk.batch(desk.putting, [good[0], bad, good[1]], all_or_none=True))
        except Stop:
            refused = (Rejection(1, "the batch"),)
        if not refused:
            raise FaultError(f"{desk.entity}: nothing is refused")
        if any(found := desk.count_of(good)):
            raise FaultError(f"{desk.entity}: records beside a bad one are there {found} times")


def keeps_a_batch_once(bench: Bench) -> None:
    """A batch that comes a second time, under the same key, changes nothing."""
    if not bench.subject.abilities.keeps_batches_once:
        raise NotApplicableError("it does not say that it does")
    for desk in _desks(bench):
        records = desk.new(2)
        batch = desk.batch(desk.putting, records)
        refused = [*desk.write(batch), *desk.write(batch)]
        if refused:
            raise FaultError(f"{desk.entity}: the second time is refused: {refused[0].reason}")
        if desk.count_of(records) != [1, 1]:
            raise FaultError(f"{desk.entity}: records of a batch sent twice are there {desk.count_of(records)} times")


def refuses_what_it_does_not_declare(bench: Bench) -> None:
    """A write operation that it does not declare is refused."""
    declared = bench.subject.abilities.operations
    others = [each for each in values_of("WriteOperationType") if each not in declared]
    if not others:
        raise NotApplicableError("it declares all of them")
    faults: list[str] = []
    for desk in _desks(bench):
        for operation in others:
            try:
                refused = desk.write(desk.batch(cast("WriteOperation", operation), desk.new(1)))
            except Stop:
                continue
            if not refused:
                faults.append(f"{desk.entity}: it takes {operation}")
    faulty(faults)


def _takes(desk: Desk, operation: WriteOperation) -> Iterator[str]:
    try:
        refused = desk.write(desk.batch(operation, _ready(desk, operation)))
    except ConnectorError as error:
        yield f"{desk.entity}: {operation} fails: {error.message}"
        return
    yield from (f"{desk.entity}: {operation} refuses the sample: {each.reason}" for each in refused)


def _desks(bench: Bench) -> Iterator[Desk]:
    subject = bench.subject
    if not subject.abilities.writes:
        raise NotApplicableError("it is no destination")
    if not subject.writings:
        raise NotApplicableError("no entity is named that may be written to")
    # Every check has numbers of its own, so that what one leaves behind is in no other's way.
    bench.desks += 1
    return (Desk(bench, each, bench.desks * 1000) for each in subject.writings)


def _ready(desk: Desk, operation: WriteOperation) -> list[dict[str, Any]]:
    """Records that the operation can take: those there already, but for new ones."""
    records = desk.new(1)
    if operation in {"UPDATE", "DELETE"}:
        desk.put(records)
    return _by_key(desk, records) if operation == "DELETE" else records


def _by_key(desk: Desk, records: Sequence[Json]) -> list[dict[str, Any]]:
    return [{name: record[name] for name in desk.keys if name in record} for record in records]


def _changes_one(desk: Desk, operation: WriteOperation) -> None:
    meant, other = desk.new(2)
    desk.put([meant, other])
    before = desk.held(other)
    new = None if operation == "DELETE" else changed(meant, desk.writing, desk.fields, operation)
    if operation != "DELETE" and new is None:
        raise NotApplicableError(f"{desk.entity} has no field to change")
    refused = desk.write(desk.batch(operation, _by_key(desk, [meant]) if operation == "DELETE" else [new or {}]))
    after = desk.held(meant)
    expected = [] if operation == "DELETE" else [new]
    if refused or len(after) != len(expected) or any(not _holds(each, new or {}) for each in after):
        raise FaultError(f"{desk.entity}: after {operation} of one record it is there as {list(after)}")
    if desk.held(other) != before:
        raise FaultError(f"{desk.entity}: {operation} of one record changes another")


def _holds(held: Json, record: Json) -> bool:
    return all(_alike(held[name], found) for name, found in record.items() if name in held)


def _alike(held: object, written: object) -> bool:
    """Whether a value is what was written, as far as applications agree on how values are written."""
    return held == written or isinstance(held, str | list | dict | None) is not isinstance(written, str | list | dict)


def _bad(desk: Desk) -> Json:
    if desk.writing.refused is None:
        raise NotApplicableError(f"no record is given that {desk.entity} refuses")
    return desk.writing.refused


WRITING = (
    writes_what_it_declares,
    keeps_what_it_takes,
    changes_the_record_that_is_meant,
    names_what_it_refuses,
    takes_all_or_none,
    keeps_a_batch_once,
    refuses_what_it_does_not_declare,
)
