"""The file system that DuckDB reads coming files by: every read gets its own bytes, all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import SEEK_CUR, SEEK_END
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.coming import Followed
from headrace.engine.coming_files import ComingFile, ComingFiles
from headrace.engine.watch import Watch
from tests.standins.trickling import Trickle

CONTENT = bytes(range(256)) * 40
PLACES = st.integers(0, len(CONTENT))


def coming(folder: Path, step: int) -> Followed:
    path = folder / "coming"
    trickle = Trickle(path, CONTENT, step)
    return Followed(LocalFile("s3://raw/in", path, len(CONTENT), coming=trickle), "x://1", Watch(lambda _: None))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.none() | PLACES, st.integers(0, 3000)), max_size=20), st.integers(100, 5000))
def test_a_read_gives_all_that_is_asked_for_from_where_it_sought_or_the_last_one_ended(
    reads: list[tuple[int | None, int]], step: int
) -> None:
    with TemporaryDirectory() as folder:
        file, place = ComingFile(coming(Path(folder), step)), 0
        for sought, size_bytes in reads:
            if sought is not None:
                place = file.seek(sought)
            # DuckDB takes what it gets for all, so that less than what it asked for would be lost.
            assert file.read(size_bytes) == CONTENT[place : place + size_bytes]
            place = min(place + size_bytes, len(CONTENT))
            assert file.tell() == place


@settings(max_examples=15)
@given(st.lists(st.tuples(PLACES, st.integers(0, 3000)), min_size=4, max_size=60), st.integers(100, 5000))
def test_threads_that_seek_and_read_at_once_get_each_their_own(reads: list[tuple[int, int]], step: int) -> None:
    with TemporaryDirectory() as folder, ThreadPoolExecutor(4) as threads:
        file = ComingFile(coming(Path(folder), step))

        def read(place: int, size_bytes: int) -> bytes:
            file.seek(place)
            return file.read(size_bytes)

        found = list(threads.map(read, *zip(*reads, strict=True)))
    assert found == [CONTENT[place : place + size_bytes] for place, size_bytes in reads]


def test_a_file_is_known_by_its_url_and_as_large_as_it_will_be(tmp_path: Path) -> None:
    files = ComingFiles("x")
    files.known["x://1"] = coming(tmp_path, 1000)
    assert files.glob("x://1") == ["x://1"]
    assert files.info("x://1")["size"] == len(CONTENT)
    with_end = files.open("x://1")
    assert with_end.seek(-10, SEEK_END) == len(CONTENT) - 10
    assert with_end.seek(4, SEEK_CUR) == len(CONTENT) - 6
    assert with_end.read() == CONTENT[-6:]
