"""What a look into a source and a destination finds, and what a preview shows of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.registry import Registry
from headrace.engine.split import Engine
from headrace.errors import ConnectorServerException
from headrace.flow.explanation import Explanation, Room
from headrace.flow.findings import Fields, Known, NotAsked
from headrace.flow.plan import plan
from headrace.flow.rules import Rule
from headrace.runner.grouping import SPLIT_FILES
from headrace.runner.looking import LOOKED_BYTES, Looker
from headrace.settings import Ray, Settings
from tests.standins.application import Application, Profiles, from_records, to_records
from tests.unit.flow.documents import MAP_ALL, condition, document, mapped, projection, task
from tests.unit.runner.record_runs import flow, numbered

SCOPE = ("1", "r")
ORDERS = condition("EQUAL_TO", "kind", VALUE="order")


@dataclass
class Place:
    """A data folder with buckets, and who looks into it."""

    data: Path
    registry: Registry
    engine: Engine
    folder: Path

    def put(self, key: str, body: bytes) -> None:
        path = self.data / "buckets" / "raw" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def looker(self, profiles: Profiles | None = None, **given: Any) -> Looker:
        return Looker(self.registry, self.engine, profiles, folder=self.folder, **given)

    def files(self) -> set[str]:
        return {str(path) for path in self.data.rglob("*")}


@pytest.fixture(name="place")
def a_place(tmp_path: Path) -> Iterator[Place]:
    settings, folder = Settings(data=tmp_path / "data"), tmp_path / "scratch"
    with closing(Engine(memory_limit_bytes=300 << 20, threads=1, scratch=folder)) as engine:
        yield Place(settings.data, Registry.load(settings), engine, folder)


def names(known: Known) -> list[str]:
    assert isinstance(known, Fields)
    return list(known.by_name)


def json_flow(*tasks: Any) -> dict[str, Any]:
    return flow(*(tasks or (MAP_ALL,)))


def test_the_fields_of_all_objects_are_found_and_nothing_is_left_behind(place: Place) -> None:
    place.put("in/1.csv", b"id,name\n1,a\n")
    place.put("in/2.csv.gz", gzip.compress(b"id,amount\n2,3\n"))
    before = place.files()

    looked = place.looker().look(plan(document(MAP_ALL)), *SCOPE)

    assert looked.refusals == ()
    assert names(looked.source) == ["id", "name", "amount"]
    assert isinstance(looked.source, Fields)
    assert looked.source.is_whole
    assert place.files() == before
    assert list(place.folder.iterdir()) == []


def test_json_tells_the_types_of_its_fields(place: Place) -> None:
    place.put("in/1.json", b'{"id": 7, "price": 1.5, "name": "a", "paid": true}\n')

    known = place.looker().look(plan(json_flow()), *SCOPE).source

    assert isinstance(known, Fields)
    assert known.by_name["price"].type == "DOUBLE"
    assert known.by_name["paid"].type == "BOOLEAN"


def test_of_many_objects_the_first_are_looked_into(place: Place) -> None:
    for number in range(9):
        place.put(f"in/{number}.csv", f"id,f{number}\n".encode())

    known = place.looker().look(plan(document(MAP_ALL)), *SCOPE).source

    assert isinstance(known, Fields)
    assert not known.is_whole
    assert "f7" in known.by_name
    assert "f8" not in known.by_name


def test_a_source_with_nothing_in_it_is_refused_as_create_flow_does(place: Place) -> None:
    place.put("elsewhere/1.csv", b"id\n")

    looked = place.looker().look(plan(document(MAP_ALL)), *SCOPE)

    assert [(each.level, each.rule) for each in looked.refusals] == [("error", Rule.NOT_THERE)]
    assert "nothing lies at S3 raw/in" in looked.refusals[0].message
    assert looked.source is None


def test_a_flow_of_events_may_have_an_empty_source(place: Place) -> None:
    place.put("elsewhere/1.csv", b"id\n")
    looked = place.looker().look(plan(document(MAP_ALL, trigger={"triggerType": "Event"})), *SCOPE)
    assert looked.refusals == ()
    assert isinstance(looked.source, NotAsked)


def test_an_object_that_can_not_be_read_is_told_of(place: Place) -> None:
    place.put("in/1.parquet", b"PAR1 and nothing else PAR1")
    known = place.looker().look(plan(document(MAP_ALL)), *SCOPE).source
    assert isinstance(known, NotAsked)
    assert "1.parquet can't be read" in known.why


def test_both_applications_are_asked_for_their_fields(place: Place) -> None:
    crm, erp = Application(), Application()
    erp.fields = [{"identifier": "key"}]
    made = plan(flow(MAP_ALL, source=from_records(), destination=to_records()))

    looked = place.looker(Profiles(crm=crm, erp=erp)).look(made, *SCOPE)

    assert (names(looked.source), names(looked.destination)) == (["id"], ["key"])


def test_a_profile_that_is_gone_is_an_error_of_its_side(place: Place) -> None:
    made = plan(flow(MAP_ALL, source=from_records(), destination=to_records("gone")))

    looked = place.looker(Profiles(crm=Application())).look(made, *SCOPE)

    assert [(each.where, each.message) for each in looked.refusals] == [
        ("destinationFlowConfigList[0]", "There is no connector profile gone")
    ]
    assert names(looked.source) == ["id"]


def test_without_profiles_the_fields_are_not_asked_for_and_that_is_said(place: Place) -> None:
    looked = place.looker().look(plan(flow(MAP_ALL, source=from_records())), *SCOPE)
    assert looked.refusals == ()
    assert isinstance(looked.source, NotAsked)
    assert "--endpoint-url" in looked.source.instead


def test_a_connector_that_is_not_here_is_an_error(place: Place) -> None:
    looked = place.looker().look(plan(document(MAP_ALL, source="Veeva")), *SCOPE)
    assert [each.rule for each in looked.refusals] == [Rule.NOT_THERE]
    assert "Veeva" in looked.refusals[0].message


def previewed(place: Place, made: dict[str, Any], records: int = 20, **given: Any) -> Any:
    looker = place.looker(given.pop("profiles", None), **{k: given.pop(k) for k in ("most_bytes",) if k in given})
    return looker.preview(plan(made), *SCOPE, records=records, window_ms=given.get("window_ms"))


def test_a_preview_shows_each_record_before_and_after_and_writes_nothing(place: Place) -> None:
    place.put("in/1.csv", b"id,kind\n1,order\n2,offer\nbad\n3,order\n4,order\n")
    before = place.files()

    seen = previewed(place, document(projection("id", "kind"), mapped("id", "key"), ORDERS), 2)

    assert [(each.number, each.fate, each.task, each.after) for each in seen.records] == [
        (1, "written", None, '{"key":"1"}'),
        (2, "dropped", 2, None),
        (3, "rejected", -1, None),
        (4, "written", None, '{"key":"3"}'),
    ]
    assert seen.records[0].before == '{"id":"1","kind":"order"}'
    assert (seen.read, seen.written, seen.dropped, seen.rejected) == (4, 2, {2: 1}, {-1: 1})
    assert place.files() == before
    assert list(place.folder.iterdir()) == []


def test_a_preview_of_a_window_reads_the_files_of_that_time(place: Place) -> None:
    place.put("in/1.csv", b"id\n1\n")
    assert previewed(place, document(MAP_ALL), window_ms=(0, 1)).read == 0
    assert previewed(place, document(MAP_ALL), window_ms=(0, 2**45)).read == 1


def test_a_preview_asks_an_application_for_no_more_pages_than_it_needs(place: Place) -> None:
    crm = Application(numbered(10))

    seen = previewed(place, flow(MAP_ALL, source=from_records()), 3, profiles=Profiles(crm=crm))

    assert [json.loads(each.after) for each in seen.records] == [{"id": 0}, {"id": 1}, {"id": 2}]
    assert crm.left == 1
    assert crm.queries[0].execution_id == ""
    assert crm.batches == []


def test_a_preview_of_a_window_looks_at_the_field_of_time(place: Place) -> None:
    records = [json.dumps({"id": n, "at": f"2026-01-0{n}T00:00:00Z"}) for n in (1, 2, 3)]
    crm = Application(records)
    crm.fields = [
        {"identifier": "id"},
        {"identifier": "at", "sourceProperties": {"isTimestampFieldForIncrementalQueries": True}},
    ]
    made = flow(MAP_ALL, source=from_records())
    day_ms = 1_767_225_600_000

    seen = previewed(place, made, profiles=Profiles(crm=crm), window_ms=(day_ms, day_ms + 86_400_000))

    assert [json.loads(each.after)["id"] for each in seen.records if each.after] == [1]
    assert seen.dropped == {-2: 2}


def test_a_preview_looks_at_a_beginning_of_a_large_source_and_says_so(place: Place) -> None:
    place.put("in/1.csv", b"id,kind\n" + b"1,offer\n" * 1000)
    place.put("in/2.csv", b"id,kind\n1,order\n")
    made = document(MAP_ALL, ORDERS)

    assert previewed(place, made, most_bytes=100).is_cut
    assert previewed(place, made, most_bytes=100).written == 0
    place.put("in/1.csv", b"id,kind\n" + b"1,order\n" * 1000)
    strict = document(MAP_ALL, task("Validate", ["id"], operator="VALIDATE_NON_NULL", VALIDATION_ACTION="DropRecord"))
    assert not previewed(place, strict, most_bytes=100).is_cut
    whole = previewed(place, made, 2000)
    assert (whole.written, whole.is_cut) == (1001, False)


def test_a_profile_that_is_elsewhere_is_asked_for_in_words(place: Place) -> None:
    with pytest.raises(ConnectorServerException, match="give --endpoint-url"):
        previewed(place, flow(MAP_ALL, source=from_records()))


def test_an_application_that_fails_is_told_of(place: Place) -> None:
    with pytest.raises(ConnectorServerException, match="There is no entity offer"):
        previewed(place, flow(MAP_ALL, source=from_records(entity="offer")), profiles=Profiles(crm=Application()))


def test_a_file_that_can_not_be_read_is_told_of(place: Place) -> None:
    place.put("in/1.parquet", b"PAR1 and nothing else PAR1")
    with pytest.raises(ConnectorServerException, match="parquet can't be read"):
        previewed(place, document(MAP_ALL))


def explained(place: Place, made: dict[str, Any], **given: Any) -> Explanation:
    looker = place.looker(given.get("profiles"))
    return looker.explain(plan(made), *SCOPE, named=str, window_ms=given.get("window_ms"))


def test_an_explanation_has_the_splits_of_a_run_and_writes_nothing(place: Place) -> None:
    for number in range(SPLIT_FILES + 1):
        place.put(f"in/{number:03}.csv", b"id,kind\n1,order\n")
    before = place.files()

    found = explained(place, document(MAP_ALL))

    assert [len(split) for split in found.splitting.splits] == [SPLIT_FILES, 1]
    assert (found.place, found.query, found.looked_files, found.not_looked) == ("S3 raw/in", None, 8, None)
    assert [each.name for each in found.statement.columns] == ["id", "kind"]
    assert (found.room.memory_limit_bytes, found.room.threads) == (300 << 20, 1)
    assert place.files() == before
    assert list(place.folder.iterdir()) == []


def test_an_explanation_has_the_fields_of_all_files_as_a_run_has(place: Place) -> None:
    place.put("in/1.csv", b"id\n1\n")
    for number in range(2, 12):
        place.put(f"in/{number}.csv", f"id,f{number}\n".encode())
    names = [each.name for each in explained(place, document(MAP_ALL)).statement.columns]
    assert sorted(names) == sorted(["id", *(f"f{number}" for number in range(2, 12))])


def test_an_explanation_of_a_window_has_the_files_of_that_time(place: Place) -> None:
    place.put("in/1.csv", b"id\n1\n")
    found = explained(place, document(MAP_ALL), window_ms=(0, 1))
    assert (found.splitting.splits, found.not_looked) == ((), "there is no object")


def test_large_packed_objects_are_not_got_for_an_explanation(place: Place) -> None:
    path = place.data / "buckets" / "raw" / "in" / "1.parquet"
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        stream.write(b"PAR1")
        stream.truncate(LOOKED_BYTES + 1)
    found = explained(place, document(mapped("id", "id")))
    assert found.looked_files == 0
    assert "compressed, or Parquet" in (found.not_looked or "")
    assert [each.name for each in found.statement.columns] == ["id"]


def test_what_an_application_is_asked_for_is_explained_and_no_record_is_read(place: Place) -> None:
    crm = Application(numbered(3))
    found = explained(place, flow(MAP_ALL, source=from_records()), profiles=Profiles(crm=crm))
    assert found.query is not None
    assert (found.place, found.query.entity, found.query.fields) == (f"crm/{found.query.entity}", "order", None)
    assert found.splitting.splits == ((),)
    assert crm.queries == []


def test_without_profiles_an_explanation_has_what_the_document_says(place: Place) -> None:
    tasks = [projection("id", key="CustomConnector"), mapped("id", "number")]
    found = explained(place, flow(*tasks, source=from_records()))
    assert [each.name for each in found.statement.columns] == ["number"]
    assert "connector profiles are kept by a service" in (found.not_looked or "")


def test_an_explanation_of_what_can_not_be_read_says_so(place: Place) -> None:
    place.put("in/1.parquet", b"PAR1, and no more")
    with pytest.raises(ConnectorServerException, match=r"The source can't be read: s3://raw/in/1.parquet"):
        explained(place, document(MAP_ALL))
    with pytest.raises(ConnectorServerException, match="Error while communicating to connector"):
        explained(place, flow(MAP_ALL, source=from_records(entity="offer")), profiles=Profiles(crm=Application()))


def test_an_explanation_says_where_the_splits_run_as_a_run_decides(place: Place) -> None:
    for number in range(SPLIT_FILES + 1):
        place.put(f"in/{number:03}.csv", b"id\n1\n")
    made = document(mapped("id", "id"))

    def room(made: dict[str, Any], from_bytes: int, address: str | None = "auto", **given: Any) -> Room:
        ray = Ray(address, from_bytes=from_bytes, cpus=3, memory_bytes=77 << 20)
        return place.looker(given.get("profiles"), ray=ray).explain(plan(made), *SCOPE, named=str, window_ms=None).room

    assert room(made, 0) == Room(is_cluster=True, stays_because=None, memory_limit_bytes=77 << 20, threads=3)
    here = Room(is_cluster=False, stays_because=None, memory_limit_bytes=300 << 20, threads=1)
    assert room(made, 0, None) == here
    assert room(made, 1 << 20).stays_because == "1,285 bytes are less than the 1,048,576 of HEADRACE_RAY_FROM"
    pages = room(flow(MAP_ALL, source=from_records()), 0, profiles=Profiles(crm=Application()))
    assert pages == replace(here, stays_because="the pages of an application are read one after the other")
