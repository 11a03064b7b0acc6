"""Splits at the same time on one engine, and an engine whose database broke."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.layout import Output
from headrace.engine.results import EngineError
from headrace.engine.split import Engine
from headrace.engine.tasks import Filter, Map, MapAll, Tasks
from headrace.engine.watch import Watch
from tests.oracle.running import Bench, open_bench
from tests.standins.processes import PATIENCE_S

TYPED = Output("out", file_type="PARQUET", keeps_types=True)


def test_splits_at_the_same_time_count_each_its_own(bench: Bench) -> None:
    """Every thread has other counts of written, dropped, malformed and rejected records, again and again."""
    ready = threading.Barrier(3)

    def run(kind: int) -> list[tuple[int, int, int, int, list[tuple[int | None, int | None]]]]:
        written, dropped, malformed, rejected = 1000 * kind, 100 * kind, 3 * kind, 2 * kind
        lines = [*["1,x"] * written, *["1,drop"] * dropped, *["1,2,3"] * malformed, *["bad,x"] * rejected]
        content = ("a,b\n" + "\n".join(lines) + "\n").encode()
        tasks = Tasks(
            filters=(Filter(kind, "b", "NOT_EQUAL_TO", "string", ("drop",)),),
            maps=(Map(50 + kind, "a", "a", "bigint"),),
        )
        ready.wait(PATIENCE_S)
        ran = [bench.run(tasks, content, output=TYPED) for _ in range(6)]
        return [
            (one.counts.records_written, one.counts.dropped[kind], malformed, rejected, one.reject_places)
            for one in ran
        ]

    with ThreadPoolExecutor(3) as pool:
        for kind, found in zip((1, 2, 3), pool.map(run, (1, 2, 3)), strict=True):
            first = 2 + 1100 * kind
            places = [(first + place, None) for place in range(3 * kind)]
            places += [(first + 3 * kind + place, 50 + kind) for place in range(2 * kind)]
            assert found == [(1000 * kind, 100 * kind, 3 * kind, 2 * kind, places)] * 6


def test_an_engine_whose_database_broke_works_again_for_the_next_split(tmp_path: Path) -> None:
    everything = Tasks(map_all=MapAll(0, frozenset()))

    def breaking() -> Iterator[LocalFile]:
        # As DuckDB says it of itself, and then refuses every query: there is no query that breaks all of its versions.
        bench.engine._database.close()
        raise duckdb.InternalException("INTERNAL Error: Attempted to dereference unique_ptr that is NULL!")
        yield

    with open_bench(tmp_path) as bench:
        with pytest.raises(EngineError, match="dereference"):
            bench.engine.run_split(bench.order(everything, breaking()), Watch(lambda _: None))
        assert bench.run(everything, b"a\n1\n").records() == [{"a": "1"}]


def test_what_keeps_the_engine_from_opening_is_said_by_the_first_that_asks_it(tmp_path: Path) -> None:
    engine = Engine(memory_limit_bytes=2**28, threads=-1, scratch=tmp_path)
    with pytest.raises(EngineError):
        engine.fields((), "csv")
    engine.close()
