"""Records of hundreds of fields: what they take grows with how many there are, not with the square of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from headrace.engine.compile import Column, compile_tasks, with_lets
from headrace.engine.fields import fields_of, wanted_of
from headrace.engine.layout import Output
from headrace.engine.results import Naming, SplitOrder
from headrace.engine.tasks import Filter, Map, Mask, Merge, Tasks, Truncate
from headrace.engine.values import Field
from headrace.engine.writers import write
from tests.oracle.running import Bench

TYPED = Output("out", file_type="PARQUET", keeps_types=True)
WIDE = 300


def casts(count: int) -> Tasks:
    return Tasks(maps=tuple(Map(place, f"c{place}", f"c{place}", "bigint") for place in range(count)))


def relation_of(tasks: Tasks, *names: str) -> str:
    return with_lets("r", compile_tasks(tasks, [Field(name) for name in names], TYPED))


def test_casts_are_added_in_one_select_however_many_there_are() -> None:
    for count in (2, WIDE):
        assert relation_of(casts(count), *(f"c{place}" for place in range(count))).count("SELECT") == 1


class Counted(tuple[Map, ...]):  # noqa: SLOT001 (slots can't be added to a tuple's)
    """Maps that know how often they were gone through."""

    times = 0

    def __iter__(self) -> Iterator[Map]:
        self.times += 1
        return super().__iter__()


def times_gone_through(count: int, folder: Path) -> int:
    maps = Counted(casts(count).maps)
    naming = Naming("flow", "execution", 1, datetime(2026, 1, 1, tzinfo=UTC))
    order = SplitOrder(Tasks(maps=maps), "json", TYPED, 0, [], None, folder, folder, naming)
    wanted = wanted_of(order)
    assert not any(map(wanted.is_typed, wanted.names or ()))
    assert [field.type for field in fields_of(order, [])] == ["VARCHAR"] * count
    return maps.times


def test_tasks_are_not_gone_through_for_each_field_again(tmp_path: Path) -> None:
    assert times_gone_through(WIDE, tmp_path) == times_gone_through(2, tmp_path)


def test_what_builds_on_another_is_added_after_it() -> None:
    tasks = Tasks(
        masks=(Mask(0, "a", "MASK_FIRST_N", 2, "*"),),
        truncates=(Truncate(1, "a", 5),),
        merges=(Merge(2, "m", ("", "a", "-", "b", "")),),
        maps=(Map(3, "m", "m", "bigint"), Map(4, "b", "b", "bigint")),
    )
    relation = relation_of(tasks, "a", "b")
    added = [re.findall(r" AS (v\d+)", level) for level in relation.split("FROM")]
    place_of = {name: place for place, names in enumerate(reversed(added)) for name in names}
    for name, sql in compile_tasks(tasks, [Field("a"), Field("b")], TYPED).lets:
        assert all(place_of[used] < place_of[name] for used in re.findall(r"\bv\d+\b", sql))
    assert len(set(place_of.values())) > 1


def test_a_text_that_looks_like_a_column_changes_nothing(bench: Bench) -> None:
    merged = Merge(0, "m", ("v1 v0 ", "a", " v0 v7", "b", ""))
    tasks = Tasks(merges=(merged,), maps=(Map(1, "m", "m", "string"), Map(2, "a", "a", "bigint")))
    assert bench.run(tasks, b"a,b\n7,x\n", output=TYPED).records() == [{"m": "v1 v0 7 v0 v7x", "a": 7}]


def test_hundreds_of_casts_take_little_memory_and_each_rejects_for_itself(bench: Bench) -> None:
    broken = WIDE - 1
    header = ",".join(f"c{place}" for place in range(WIDE))
    good = ",".join(f"{place}" for place in range(WIDE))
    bad = ",".join("x" if place == broken else f"{place}" for place in range(WIDE))
    ran = bench.run(casts(WIDE), "\n".join([header, *[good] * 2100, bad, ""]).encode(), output=TYPED)
    assert ran.counts.records_written == 2100
    assert ran.reject_places == [(2102, broken)]
    assert ran.records()[0] == {f"c{place}": place for place in range(WIDE)}


def test_each_task_that_drops_is_told_apart_and_rejects_are_counted_once(bench: Bench) -> None:
    filters = tuple(Filter(place, "n", "NOT_EQUAL_TO", "number", (f"{place}",)) for place in range(3))
    tasks = Tasks(filters=filters, maps=(Map(3, "n", "n", "bigint"), Map(4, "m", "m", "bigint")))
    ran = bench.run(tasks, b"n,m\n0,1\n0,2\n1,3\n5,4\n6,x\nx,x\n", output=TYPED)
    assert ran.counts.dropped == {0: 2, 1: 1}
    assert ran.counts.rejected == {3: 1, 4: 1}
    assert ran.records() == [{"n": 5, "m": 4}]


@pytest.mark.parametrize(
    "columns, records, groups", [(20, 2100, 1), (3000, 2100, 2), (20, 40_960, 1), (20, 81_921, 3), (300, 10_241, 2)]
)
def test_a_row_group_holds_fewer_records_where_they_have_more_fields(
    tmp_path: Path, columns: int, records: int, groups: int
) -> None:
    made = [Column(f"c{place}", "1") for place in range(columns)]
    with duckdb.connect() as con:
        (path,) = write(con, made, f"range({records})", TYPED, tmp_path / "out").paths
        found = con.execute("SELECT num_rows, num_row_groups FROM parquet_file_metadata(?)", [str(path)]).fetchall()
    assert found == [(records, groups)]


def test_members_of_large_objects_have_the_types_of_all_records(bench: Bench) -> None:
    """Numbers in the first records, the only ones that are looked at whole, and something else much later."""
    late = {"c0": "x", "c1": {"a": 1}, "c2": 2.5, "c3": None}
    records = [{f"c{place}": 7 for place in range(WIDE)} for _ in range(400)]
    lines = "".join(f"{json.dumps(record)}\n" for record in [*records, records[0] | late])
    copies = Tasks(maps=tuple(Map(place, f"c{place}", f"c{place}", None) for place in range(WIDE)))
    ran = bench.run(copies, lines.encode(), input="json", output=TYPED)
    found = ran.records()
    assert [list(found[place].values())[:5] for place in (0, 400)] == [
        ["7", "7", 7.0, 7, 7],
        ["x", '{"a":1}', 2.5, None, 7],
    ]
