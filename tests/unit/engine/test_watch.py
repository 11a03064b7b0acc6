"""Following a split and stopping it from another thread."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.layout import FileType, Output
from headrace.engine.results import Counts
from headrace.engine.tasks import Filter, Map, MapAll, Mask, Tasks
from headrace.engine.watch import Cancelled, Watch
from tests.oracle.running import Bench

EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
# Half a minute of work on the large file: masks of masks.
HEAVY = Tasks(
    masks=tuple(Mask(place, "b", "MASK_LAST_N", place % 7 + 1, "😀é") for place in range(60)),
    filters=(Filter(100, "a", "NOT_EQUAL_TO", "number", ("-1",)),),
    maps=(Map(101, "a", "a", "bigint"), Map(102, "b", "b", None)),
)


@pytest.fixture(scope="module", name="large")
def a_large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.csv"
    block = b"".join(b"%d,some text of some length that is masked %d\n" % (n, n) for n in range(20_000))
    path.write_bytes(b"a,b\n" + block * 30)
    return path


@pytest.mark.parametrize("file_type", ["PARQUET", "CSV", "JSON"])
@pytest.mark.parametrize("partition", [(), ("a",)])
def test_a_cancel_stops_a_running_split_at_once(
    bench: Bench, large: Path, file_type: FileType, partition: tuple[str, ...]
) -> None:
    asked: list[float] = []

    def cancel(_: Counts) -> None:
        # Of this process alone: what others do to the machine says nothing about the engine.
        asked.append(time.process_time())
        watch.cancel()

    watch = Watch(cancel)
    tasks = Tasks(masks=HEAVY.masks, filters=HEAVY.filters, maps=HEAVY.maps, partition=partition)
    order = bench.order(tasks, [bench.file(large.read_bytes())], output=Output("out", file_type=file_type))
    with pytest.raises(Cancelled):
        bench.split(order, watch)
    assert time.process_time() - asked[0] < 3
    # The engine goes on as if nothing had been.
    assert bench.run(EVERYTHING, b"a,b\n1,x\n").records() == [{"a": "1", "b": "x"}]


class CancelledAmidRejects(Watch):
    """Cancels the run as soon as there is a file of rejects."""

    def __init__(self, folder: Path) -> None:
        super().__init__(lambda _: None)
        self._folder = folder

    def check(self) -> None:
        if self._folder.exists() and any(self._folder.iterdir()):
            self.cancel()
        super().check()


def test_a_cancel_stops_the_writing_of_rejects(bench: Bench) -> None:
    order = bench.order(
        Tasks(maps=(Map(0, "a", "a", "bigint"),)),
        [bench.file(b"a,b\n" + b"bad,x\n" * 1000)],
        output=Output("out", file_type="PARQUET", keeps_types=True),
    )
    with pytest.raises(Cancelled):
        bench.split(order, CancelledAmidRejects(order.rejects))
    (file,) = order.rejects.iterdir()
    assert file.read_bytes() == b""


def test_a_cancel_before_the_start_runs_nothing(bench: Bench) -> None:
    watch = Watch(lambda _: None)
    watch.cancel()
    order = bench.order(EVERYTHING, [bench.file(b"a\n1\n")])
    with pytest.raises(Cancelled):
        bench.split(order, watch)
    assert list(order.staging.iterdir()) == []


def test_progress_never_goes_back_and_ends_with_the_counts(bench: Bench, large: Path) -> None:
    seen: list[Counts] = []
    content = large.read_bytes()
    result = bench.split(
        bench.order(HEAVY, [bench.file(content[:750_000]), bench.file(content[:500_000])]), Watch(seen.append)
    )
    read = [counts.bytes_read for counts in seen]
    assert len(seen) > 2
    assert read == sorted(read)
    assert seen[-1] == result.counts
    assert result.counts.bytes_read == 1_250_000


@pytest.mark.parametrize("file_type", ["PARQUET", "JSON"])
def test_how_much_is_read_of_a_file_is_told_while_it_is_read(bench: Bench, tmp_path: Path, file_type: FileType) -> None:
    path = tmp_path / "large.parquet"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT i AS a, concat('some text that is masked ', i) AS b FROM range(400_000) AS t(i))"
            f" TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 20480)"
        )
    file = LocalFile("s3://raw/large.parquet", path, path.stat().st_size)
    seen: list[int] = []

    def cancel_once_told(counts: Counts) -> None:
        seen.append(counts.bytes_read)
        if seen[-1]:
            watch.cancel()

    watch = Watch(cancel_once_told)
    tasks = replace(HEAVY, masks=HEAVY.masks[:12])
    with pytest.raises(Cancelled):
        bench.run(tasks, file, input="parquet", output=Output("out", file_type=file_type), watch=watch)
    assert 0 < seen[-1] < file.size_bytes


def test_a_watch_knows_whether_it_was_cancelled() -> None:
    watch = Watch(lambda _: None)
    assert (watch.cancelled, watch.wait(0.0)) == (False, False)
    watch.check()
    watch.cancel()
    assert (watch.cancelled, watch.wait(0.0)) == (True, True)
    with pytest.raises(Cancelled):
        watch.check()
    with pytest.raises(Cancelled), watch.interrupting(lambda: None):
        pytest.fail("ran though it was cancelled")
