"""Copies that are read while they come: what is made of them is what would be made of the whole files."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.coming import Followed, wait_until_worth
from headrace.engine.formats import InputFormat, UnreadableSource, zstd
from headrace.engine.layout import Output
from headrace.engine.results import DatasetDropped
from headrace.engine.tasks import Filter, Map, MapAll, Tasks, Validate
from headrace.engine.watch import Cancelled, Watch
from headrace.errors import Retry
from tests.oracle.running import Bench
from tests.standins.trickling import Trickle, trickling

EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
CAST = Tasks(
    filters=(Filter(0, "b", "NOT_EQUAL_TO", "string", ("drop",)),),
    maps=(Map(1, "a", "a", "bigint"), Map(2, "b", "b", None)),
)
JSON = Output("out", file_type="JSON")
TYPED = Output("out", file_type="PARQUET", keeps_types=True)
SINGLE = Output("out", file_type="CSV", is_single_file=True)
RECORD = b"1," + b"x" * 97 + b"\n"
TABLES = {
    "plain": b"a,b\n1,x\n2,drop\n3,y\n",
    "without a line end at its end": b"a,b\n1,x\n2,y",
    "CR LF": b"a,b\r\n1,x\r\n2,y\r\n",
    "CR": b"a,b\r1,x\r2,y\r",
    "mixed line ends": b"a,b\n1,x\r\n2,y\r3,z\n",
    "a byte order mark": b"\xef\xbb\xbfa,b\n1,x\n",
    "a header alone": b"a,b\n",
    "a header without an end": b"a,b",
    "blank lines": b"\n\na,b\n\n1,x\n\n2,y\n\n",
    "a blank line that ends otherwise than the others": b"\na,b\r\n1,x\r\n2,y\r\n",
    "nothing but blank lines": b"\n\n\n",
    "short and long lines": b"a,b\n1\n2,y\n3,z,more\n4,w\n",
    "bytes that are no UTF-8": b"a,b\n1,\xff\n2,y\n",
    "a header that is no UTF-8": b"a,\xff\n1,x\n",
    "an open quote at the end": b'a,b\n1,x\n2,"y\n3,z\n',
    "quotes out of place": b'a,b\n1,x"y\n2,"y"z\n3,w\n',
    "line ends in quotes": b'a,b\n1,"x\n\ny"\n2,"z\r\n"\n',
    "a line end in a name": b'a,"b\nc"\n1,x\n',
    "NUL": b"a,b\n1,x\0\n\0,y\n",
    "what can not be cast": b"a,b\n1,x\nno,y\n3,z\n",
    "a line longer than is read while it comes": b"a,b\n1,x\n2," + b"y" * (3 << 19) + b"\n3,z\n",
    "a long line across the end of a buffer": b"a,b\n" + b"1,x\n" * (3 << 18) + b"2," + b"y" * (3 << 19) + b"\n3,z\n",
    "a line longer than a buffer": b"a,b\n1,x\n2," + b"y" * (5 << 20) + b"\n3,z\n",
    "a malformed line where the last part begins": b"a,b\n"
    + RECORD * (1 + (1 << 20) // 100)
    + b"2,x,more\n"
    + RECORD * 9,
    "a last line longer than a buffer": b"a,b\n1,x\n2," + b"y" * (5 << 20) + b"\n",
    "a last line across the end of a buffer": b"a,b\n" + RECORD * 30_000 + b"2," + b"y" * (3 << 19),
    "gzip of a last line longer than a buffer": gzip.compress(b"a,b\n1,x\n2," + b"y" * (5 << 20) + b"\n", 1),
    "gzip": gzip.compress(b"a,b\n1,x\nno,y\n"),
    "gzip that is cut": gzip.compress(b"a,b\n1,x\nno,y\n" * 100)[:-10],
    "gzip that is cut behind a blank line": gzip.compress(b"\na,b\n1,x\nno,y\n" * 100)[:-10],
    "zstd": zstd.compress(b"a,b\n1,x\nno,y\n"),
    "no table at all": b"PAR1 is what it begins with",
}
LINES = {
    "plain": b'{"a":1,"b":"x"}\n{"a":2,"b":"drop"}\n',
    "without a line end at its end": b'{"a":1,"b":"x"}\n{"a":2}',
    "CR LF": b'{"a":1,"b":"x"}\r\n{"a":2,"b":"y"}\r\n',
    "a byte order mark": b'\xef\xbb\xbf{"a":1,"b":"x"}\n',
    "blank lines": b'\n\n{"a":1,"b":"x"}\n\n{"b":"y"}\n\n',
    "what is no object": b'{"a":1}\n[1]\nnull\n"x"\n{"a":2\n{"a":3}\n',
    "a line cut at the end": b'{"a":1}\n{"a":2,"b":"',
    "bytes that are no UTF-8": b'{"a":1,"b":"\xff"}\n{"a":2}\n',
    "NUL": b'{"a":1}\n\0{"a":2}\n\0\0\n{"a":3}\n',
    "numbers of several kinds": b'{"a":1}\n{"a":2.5}\n{"a":true}\n{"b":{"c":[1]}}\n',
    "what can not be cast": b'{"a":"no","b":1}\n{"a":"2","b":2}\n',
    "a line longer than a buffer": b'{"a":1}\n{"a":2,"b":"' + b"y" * (5 << 20) + b'"}\n{"a":3}\n',
    "gzip": gzip.compress(b'{"a":1,"b":"x"}\n{"a":"no"}\n'),
}


def outcome(bench: Bench, tasks: Tasks, files: Sequence[LocalFile], form: InputFormat, output: Output) -> object:
    """All that a run tells: its files, rejects and counts, or how it failed."""
    try:
        ran = bench.run(tasks, *files, input=form, output=output)
    except (UnreadableSource, DatasetDropped) as error:
        # Where DuckDB names it by its path, that differs.
        return type(error), str(error).partition("file '")[0]
    made = ran.records() if output is TYPED else ran.contents
    counts = ran.counts
    return made, ran.keys, ran.rejects, counts.records_read, counts.rejected, counts.dropped


def same(bench: Bench, tasks: Tasks, contents: Sequence[bytes], form: InputFormat, output: Output, step: int) -> None:
    # Of several small files that make one each, none is read while it comes.
    given = contents if output.is_single_file else contents[:1]
    files = [bench.file(content, f"{number}.in") for number, content in enumerate(given)]
    coming = trickling(files, bench.folder(), step)
    assert outcome(bench, tasks, coming, form, output) == outcome(bench, tasks, files, form, output)


@pytest.mark.parametrize("output", [JSON, SINGLE], ids=["a file each", "one file"])
@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_a_table_is_the_same_whether_it_comes_or_is_there(bench: Bench, content: bytes, output: Output) -> None:
    for tasks in (EVERYTHING, CAST):
        same(bench, tasks, [content, b"a,b\n9,last\n"], "csv", output, step=max(7, len(content) // 9))


def test_text_in_quotes_that_could_be_cells_is_the_same_whether_it_comes_or_is_there(bench: Bench) -> None:
    content = b"a\nzz\n" + b'"\n"\nx\n' * 700_000 + b"x\n" * 700_000
    same(bench, EVERYTHING, [content], "csv", JSON, step=len(content) // 9)


@pytest.mark.parametrize("output", [TYPED, SINGLE], ids=["a file each", "one file"])
@pytest.mark.parametrize("content", LINES.values(), ids=LINES)
def test_json_is_the_same_whether_it_comes_or_is_there(bench: Bench, content: bytes, output: Output) -> None:
    for tasks in (EVERYTHING, CAST):
        same(bench, tasks, [content, b'{"a":9}\n'], "json", output, step=max(7, len(content) // 9))


BYTES = st.lists(st.sampled_from([b"a", b"1", b",", b'"', b"\n", b"\r\n", b"\r", b" ", b"\0", b"\xff", b"\xc3\xa9"]))


@settings(max_examples=60)
@given(st.lists(BYTES.map(b"".join), min_size=1, max_size=3), st.booleans(), st.integers(1, 40))
def test_any_bytes_are_the_same_whether_they_come_or_are_there(
    bench: Bench, bodies: list[bytes], is_json: bool, step: int
) -> None:
    begin = b'{"a":1}\n' if is_json else b"a,b\n1,x\n"
    same(bench, CAST, [begin + body for body in bodies], "json" if is_json else "csv", SINGLE, step)


def test_parquet_is_read_once_all_of_it_is_there(bench: Bench) -> None:
    file = bench.parquet([("a", "INTEGER"), ("b", "VARCHAR")], [[1, "x"], [2, "y"]])
    [coming] = trickling([file], bench.folder(), 50)
    assert bench.run(EVERYTHING, coming, output=JSON).records() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert not coming.path.exists()


def large_lines() -> bytes:
    return b"".join(b'{"a":%d,"b":"%b"}\n' % (n, b"x" * 2000) for n in range(20_000))


def large_table() -> bytes:
    return b"a,b\n" + b"".join(b"%d,%b\n" % (n, b"x" * 500) for n in range(20_000))


@pytest.mark.parametrize("form, made", [("csv", large_table), ("json", large_lines)])
def test_work_begins_before_all_is_there(bench: Bench, form: InputFormat, made: Callable[[], bytes]) -> None:
    content = made()
    path = bench.folder() / "coming"
    read: list[int] = []

    class Watched(Trickle):
        def there(self, least_bytes: int, timeout_s: float) -> int:
            read.append(least_bytes)
            return super().there(least_bytes, timeout_s)

    coming = LocalFile("s3://raw/in", path, len(content), is_copy=True, coming=Watched(path, content, 1 << 20))
    ran = bench.run(CAST, coming, input=form, output=JSON)
    assert ran.counts.records_written == 20_000
    # Some of it was asked for long before the whole was.
    assert 0 < sum(1 << 20 < size < len(content) - (4 << 20) for size in read[: read.index(len(content))])


@pytest.mark.parametrize("until", [0, 6, 40_000, 5 << 20])
@pytest.mark.parametrize("output", [JSON, SINGLE], ids=["a file each", "one file"])
def test_what_ended_the_copying_ends_the_run(bench: Bench, until: int, output: Output) -> None:
    content = large_table()
    path = bench.folder() / "coming"
    failing = Trickle(path, content, 1 << 20, until=until, fails=Retry("the store failed"))
    coming = LocalFile("s3://raw/in", path, len(content), is_copy=True, coming=failing)
    with pytest.raises(Retry, match="the store failed"):
        bench.run(CAST, bench.file(b"a,b\n1,x\n"), coming, output=output)
    assert bench.run(EVERYTHING, b"a,b\n1,x\n").counts.records_written == 1


@pytest.mark.parametrize("until", [0, 6, 40_000, 5 << 20])
@pytest.mark.parametrize("form, made", [("csv", large_table), ("json", large_lines)])
def test_a_cancel_ends_the_waiting_for_what_does_not_come(
    bench: Bench, form: InputFormat, made: Callable[[], bytes], until: int
) -> None:
    content = made()
    path = bench.folder() / "coming"
    watch = Watch(lambda _: None)

    class Stuck(Trickle):
        def there(self, least_bytes: int, timeout_s: float) -> int:
            there = super().there(least_bytes, timeout_s)
            if there == until and least_bytes > there:
                threading.Thread(target=watch.cancel).start()
            return there

    coming = LocalFile(
        "s3://raw/in", path, len(content), is_copy=True, coming=Stuck(path, content, 1 << 20, until=until)
    )
    with pytest.raises(Cancelled):
        bench.run(CAST, coming, input=form, watch=watch)
    assert bench.run(EVERYTHING, b"a,b\n1,x\n").counts.records_written == 1


def test_a_data_set_that_a_record_drops_is_dropped(bench: Bench) -> None:
    tasks = Tasks(validates=(Validate(0, "b", "VALIDATE_NON_NULL", "DropDataset"),), map_all=MapAll(1, frozenset()))
    for output in (JSON, SINGLE):
        same(bench, tasks, [b"a,b\n1,\n2,x\n"], "csv", output, 3)


class Clock:
    """Seconds that pass when they are looked at."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._now_s = 0.0

    def __call__(self) -> float:
        self._now_s += self._step_s
        return self._now_s


@pytest.mark.parametrize("step_s, least", [(0.01, 0.0), (1.0, 0.9), (0.125, 0.4)])
def test_a_query_over_a_large_file_begins_when_the_rest_comes_soon_enough(
    tmp_path: Path, step_s: float, least: float
) -> None:
    # 1 MiB in each step: at 100 MiB a second at once, at 1 MiB near the end, at 8 MiB after half of it.
    content = bytes(100 << 20)
    trickle = Trickle(tmp_path / "coming", content, 1 << 20)
    file = LocalFile("s3://raw/in", tmp_path / "coming", len(content), coming=trickle)
    wait_until_worth([file], Watch(lambda _: None), Clock(step_s))
    assert least <= trickle.there(0, 0) / len(content) < least + 0.2


def test_a_small_file_is_begun_once_its_beginning_is_there(tmp_path: Path) -> None:
    content = bytes(1 << 20)
    trickle = Trickle(tmp_path / "coming", content, 64 << 10)
    file = LocalFile("s3://raw/in", tmp_path / "coming", len(content), coming=trickle)
    wait_until_worth([file, replace(file, coming=None)], Watch(lambda _: None))
    assert trickle.there(0, 0) == 64 << 10


def followed(tmp_path: Path, content: bytes) -> Followed:
    path = tmp_path / "there"
    path.write_bytes(content)
    return Followed(LocalFile("s3://raw/in", path, len(content)), "url", Watch(lambda _: None))


@pytest.mark.parametrize(
    "reads, is_whole",
    [
        ([(0, 10)], True),
        ([(0, 4), (4, 4), (8, 4)], True),
        ([(0, 4), (0, 4), (8, 2), (4, 4)], True),
        ([(4, 6), (0, 5)], True),
        ([(0, 9)], False),
        ([(0, 4), (6, 4)], False),
        ([(2, 8)], False),
        ([(0, 4), (4, 2), (8, 2), (4, 2)], False),
    ],
)
def test_a_file_of_which_bytes_were_not_read_was_not_read_whole(
    tmp_path: Path, reads: Sequence[tuple[int, int]], is_whole: bool
) -> None:
    file = followed(tmp_path, b"0123456789")
    for offset, size_bytes in reads:
        file.read(offset, size_bytes)
    assert file.is_read_whole is is_whole


def test_an_empty_file_is_read_whole(tmp_path: Path) -> None:
    assert followed(tmp_path, b"").is_read_whole
