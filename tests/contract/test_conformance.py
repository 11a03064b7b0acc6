"""Every check of the conformance suite catches a connector that breaks it, and lets one that keeps every rule pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import SystemClock
from headrace.connector_sdk.authored import AuthoredConnector
from headrace.connector_sdk.authoring import (
    Batch,
    Destination,
    Entity,
    Field,
    Page,
    Query,
    Rejection,
    Retry,
    Source,
    Stop,
)
from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.conformance import CHECKS, Subject, conformance, of_built_in, of_class
from headrace.connector_sdk.records import Connection
from headrace.settings import Settings
from tests.standins import broken
from tests.standins.broken import answering, subject, trying, wrapping
from tests.standins.shop import PASSWORD, Shop, connection, shop

KNOWN = {"username": "ann", "password": PASSWORD}
NORTH = {"branch": "north"}


def operations_less(operation: str) -> Subject:
    found = subject()
    rest = tuple(each for each in found.abilities.operations if each != operation)
    return replace(found, abilities=replace(found.abilities, operations=rest))


# Each broken connector, and the checks that it fails: these and no others.
BROKEN: list[tuple[Any, set[str]]] = [
    (broken.UnknownOperator, {"describes itself"}),
    (lambda: subject(configuration={"connectorModes": ["SOURCE"]}), {"describes itself"}),
    (broken.ListsNothing, {"lists entities"}),
    (broken.ListsTwice, {"lists entities"}),
    (broken.EmptyFolder, {"leads into folders"}),
    (lambda: wrapping(broken.leads_back), {"leads into folders"}),
    (lambda: wrapping(broken.lists_now_and_then), {"lists alike every time"}),
    (lambda: answering(nextToken=None), {"lists in pages"}),
    (lambda: answering(nextToken="1"), {"lists in pages"}),
    (
        lambda: answering(cacheControl={"timeToLive": 5, "timeToLiveUnit": "FORTNIGHTS"}),
        {"says how long metadata holds"},
    ),
    (lambda: answering(cacheControl={"timeToLive": 0, "timeToLiveUnit": "DAYS"}), {"says how long metadata holds"}),
    (broken.SameFieldTwice, {"describes entities"}),
    (broken.UnknownType, {"describes entities"}),
    (broken.NoFields, {"describes entities"}),
    (broken.NoKeys, {"names keys"}),
    (broken.KnowsEverything, {"knows what it has not"}),
    (lambda: wrapping(broken.reads_everything), {"knows what it has not"}),
    (broken.RetriesTheUnknown, {"knows what it has not"}),
    (broken.LocksEverybodyOut, {"takes its connection"}),
    (broken.LetsEverybodyIn, {"refuses bad credentials"}),
    (broken.StopsInsteadOfRefusing, {"refuses bad credentials"}),
    (lambda: trying(broken.takes_any_setting), {"refuses bad settings"}),
    (broken.TellsThePassword, {"keeps secrets"}),
    (lambda: subject(lines=lambda: ["signing in", f"with {PASSWORD}"]), {"keeps secrets"}),
    (broken.CannotBeRead, {"can be read"}),
    (lambda: wrapping(broken.reads_more_than_it_describes), {"reads what it describes"}),
    (broken.NoObjects, {"reads what it describes"}),
    (broken.NumbersAsText, {"values have their types"}),
    (lambda: wrapping(broken.reads_in_any_order), {"reads alike every time"}),
    (lambda: replace(wrapping(broken.reads_on_behind_another), writings=()), {"reads side by side"}),
    (lambda: wrapping(broken.goes_on_too_early), {"goes on at every position"}),
    (broken.NoBookmark, {"goes on at its bookmark"}),
    (broken.IgnoresItsBookmark, {"goes on at its bookmark"}),
    (broken.PositionsInACircle, {"positions lead on"}),
    (lambda: wrapping(broken.never_ends), {"positions lead on"}),
    (broken.PagesTooLarge, {"keeps to the page size"}),
    (broken.LosesWithTheLastPage, {"reads the same in pages of any size"}),
    (broken.LosesByProjection, {"loses nothing by projection"}),
    (broken.LosesByFilters, {"loses nothing by filters"}),
    (broken.PagesTooHeavy, {"answers within bounds"}),
    (lambda: subject(clock_s=broken.SlowClock()), {"answers within bounds"}),
    (broken.RefusesOneAlone, {"writes what it declares"}),
    (broken.DropsRecords, {"keeps what it takes"}),
    (broken.CutsTexts, {"keeps what it takes"}),
    (broken.ChangesEverybody, {"changes the record that is meant"}),
    (broken.NamesTheWrongOne, {"names what it refuses"}),
    (broken.GivesNoReason, {"names what it refuses"}),
    (broken.KeepsWhatItTakesBack, {"takes all or none"}),
    (broken.KeepsBatchesTwice, {"keeps a batch once"}),
    (lambda: operations_less("UPSERT"), {"refuses what it does not declare"}),
]


def made(given: Any) -> Subject:
    return subject(given) if isinstance(given, type) else given()


def failed(found: Subject) -> dict[str, str]:
    return {each.check.name: each.reason for each in conformance(found) if each.outcome == "failed"}


@pytest.mark.parametrize("given, expected", BROKEN)
def test_a_connector_that_breaks_a_rule_fails_its_check_and_no_other(
    given: type[Shop] | Callable[[], Subject], expected: set[str]
) -> None:
    found = failed(made(given))
    assert set(found) == expected, found
    assert all(found.values())


def test_every_check_catches_somebody() -> None:
    caught = {name for _, names in BROKEN for name in names}
    assert {check.name for check in CHECKS} - caught == set()


def test_a_connector_that_keeps_every_rule_passes_every_check() -> None:
    results = list(conformance(subject()))
    assert {each.check.name: each.reason for each in results if each.outcome != "passed"} == {
        "refuses what it does not declare": "it declares all of them"
    }


def test_a_built_in_connector_is_checked_like_any_other() -> None:
    class Built(AuthoredConnector):
        def __init__(self, connection: Connection, _: object) -> None:
            super().__init__(Shop, connection)

    kind = RecordConnectorType(connector_type="Zendesk", open=Built)
    outside = Outside(connection, lambda: False, lambda _, ask: ask(), Settings(Path()), SystemClock().now)
    results = list(conformance(of_built_in(kind, connection(), outside, entities=["customer", "journal"])))
    assert [each.check.name for each in results if each.outcome == "failed"] == []
    assert len([each for each in results if each.outcome == "passed"]) > 15
    bad = of_built_in(kind, connection("wrong-password"), outside)
    assert "takes its connection" in failed(bad)


def test_a_built_in_connector_may_name_the_types_of_its_application() -> None:
    assert failed(subject(broken.UnknownType, configuration=None)) == {}


def test_a_connector_that_asks_for_patience_is_given_it() -> None:
    waited: list[float] = []
    calls: list[int] = []

    class Busy(Shop):
        def guard(self) -> None:
            calls.append(1)
            if len(calls) % 3 == 0:
                raise Retry("one after the other", after_s=7)

    found = of_class(shop(Busy), credentials=KNOWN, properties=NORTH, write=["customer"])
    results = list(conformance(replace(found, wait=waited.append)))
    assert [each.check.name for each in results if each.outcome == "failed"] == ["refuses bad credentials"]
    assert set(waited) == {7.0}
    assert len(waited) > 20


def test_a_connector_that_is_always_busy_fails() -> None:
    class Closed(Shop):
        def read(self, query: Query) -> Iterator[Page]:
            raise Retry("come back tomorrow")

    found = failed(replace(subject(Closed), writings=()))
    assert set(found) == {"can be read"}
    assert found["can be read"].startswith("customer: come back tomorrow")


def test_what_can_not_be_described_keeps_no_other_entity_from_being_checked() -> None:
    class Bare(Shop):
        entities = (*Shop.entities, Entity("locked", (Field("id"),)))

        def describe(self, entity: str) -> Entity:
            if entity == "locked":
                raise Stop("nobody may see it")
            return super().describe(entity)

    results = {each.check.name: each.outcome for each in conformance(subject(Bare))}
    assert results.pop("describes entities") == "failed"
    assert "failed" not in results.values()
    assert results["goes on at every position"] == "passed"


def test_a_connector_that_only_reads_is_asked_nothing_of_writing() -> None:
    class Word(Source):
        entities = (Entity("word", (Field("text"),)),)

        def read(self, query: Query) -> Iterator[Page]:
            yield Page([{"text": "so"}])

    results = list(conformance(of_class(Word)))
    assert [each.check.name for each in results if each.outcome == "failed"] == []
    skipped = {each.check.name: each.reason for each in results if each.outcome == "not applicable"}
    assert skipped["keeps what it takes"] == "it is no destination"
    assert skipped["refuses bad credentials"] == "it has no credentials"


def test_a_connector_that_only_writes_is_asked_nothing_of_reading() -> None:
    class Notes(Destination):
        entities = (Entity("note", (Field("text"),)),)

        def write(self, batch: Batch) -> list[Rejection]:
            return []

    results = list(conformance(of_class(Notes, write=["note"])))
    assert [each.check.name for each in results if each.outcome == "failed"] == []
    outcomes = {each.check.name: each.outcome for each in results}
    assert outcomes["writes what it declares"] == outcomes["refuses what it does not declare"] == "passed"
    assert outcomes["can be read"] == outcomes["keeps what it takes"] == "not applicable"


def test_nothing_is_written_where_no_entity_is_named() -> None:
    kind = shop()
    before = json.dumps(kind.application.held)
    results = list(conformance(of_class(kind, credentials=KNOWN, properties=NORTH)))
    assert [each.check.name for each in results if each.outcome == "failed"] == []
    assert json.dumps(kind.application.held) == before
    (written,) = [each for each in results if each.check.name == "writes what it declares"]
    assert written.reason == "no entity is named that may be written to"


def test_a_fault_of_a_connectors_code_is_a_failure_of_the_check_that_met_it() -> None:
    class Faulty(Shop):
        def check(self) -> None:
            raise KeyError("oops")

    assert "KeyError" in failed(subject(Faulty))["takes its connection"]


def test_every_check_says_its_rule_in_one_sentence() -> None:
    for check in CHECKS:
        assert check.meaning.endswith("."), check.name
        assert check.meaning.count(". ") == 0, check.name
