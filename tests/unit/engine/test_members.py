from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from headrace.engine.layout import Output
from headrace.engine.members import Wanted, members_of
from headrace.engine.tasks import Map, MapAll, Tasks
from headrace.engine.values import Field
from tests.oracle.running import Bench

TYPED = Output("out", file_type="PARQUET", keeps_types=True)
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
# More than are looked at before all others.
MANY = [{"n": number} for number in range(1500)]


def written(bench: Bench, records: Sequence[object], tasks: Tasks = EVERYTHING) -> list[dict[str, object]]:
    content = "".join(f"{json.dumps(record)}\n" for record in records).encode()
    return bench.run(tasks, content, input="json", output=TYPED).records()


@pytest.mark.parametrize(
    "late, is_like",
    [(7, 7), (2**63, None), (2.5, 2.5), ("x", "x"), (True, "true"), ([1], "[1]"), ({}, "{}"), (None, None)],
)
def test_a_kind_of_value_that_comes_late_decides_the_type_of_all(bench: Bench, late: object, is_like: object) -> None:
    found = written(bench, [*MANY, {"n": late}])
    if late == 2**63:
        # A number that fits into no BIGINT rejects its record.
        assert len(found) == len(MANY)
    else:
        assert found[-1]["n"] == is_like
        assert type(found[0]["n"]) is (int if late is None else type(is_like))


def test_a_member_that_comes_late_is_written_and_one_that_is_missing_is_null(bench: Bench) -> None:
    found = written(bench, [*MANY, {"late": 1}])
    assert (found[0], found[-1]) == ({"n": 0, "late": None}, {"n": None, "late": 1})


def test_a_member_that_no_task_casts_keeps_its_type_beside_one_that_is_cast(bench: Bench) -> None:
    tasks = Tasks(maps=(Map(0, "n", "n", None), Map(1, "m", "m", "decimal(4,2)")))
    first, *_, last = written(bench, [{"n": None, "m": "1"}, *MANY, {"n": 0.5, "m": 2}], tasks)
    assert (first["n"], str(first["m"])) == (None, "1.00")
    assert (last["n"], str(last["m"])) == (0.5, "2.00")


def test_types_are_looked_for_only_where_they_matter(bench: Bench) -> None:
    wanted = Wanted(["n", "s"], lambda name: name == "n")
    with bench.engine._database.cursor() as con:
        con.execute("""CREATE TEMP TABLE lines AS SELECT '{"n":1,"s":2}'::JSON AS line""")
        assert members_of(con, "lines", wanted) == (Field("n", "BIGINT"), Field("s"))
        asked = list[Sequence[str]]()

        def values(names: Sequence[str]) -> str:
            asked.append(names)
            return "SELECT json_extract(line, '$.n') AS f0 FROM lines"

        assert members_of(con, "lines", wanted, values) == (Field("n", "BIGINT"), Field("s"))
        assert asked == [["n"]]
