from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.connector_sdk.read_ahead import HEAD_BYTES, PART_BYTES, TOGETHER, Progress, read_ahead
from headrace.engine.coming import whole
from headrace.errors import Retry, Stop
from tests.standins.processes import PATIENCE_S

FILES = [SourceFile(f"s3://raw/{number}", str(number), 1, None, 0) for number in range(20)]


def copied(file: SourceFile, part: range, target: Path, progress: Progress) -> None:
    target.write_text(file.key)


def fetch_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_copies_come_in_order_and_few_lie_on_disk_at_a_time(tmp_path: Path) -> None:
    read: list[str] = []
    for file in read_ahead(FILES, tmp_path, copied):
        assert len(list(file.path.parent.iterdir())) <= TOGETHER
        read.append(file.path.read_text())
        file.path.unlink()
    assert read == [file.key for file in FILES]
    assert fetch_threads() == []


def test_copies_of_all_files_may_be_taken_before_any_is_read(tmp_path: Path) -> None:
    files = list(read_ahead(FILES, tmp_path, copied))
    assert [file.path.read_text() for file in files] == [file.key for file in FILES]


def test_no_files_make_no_copies(tmp_path: Path) -> None:
    assert list(read_ahead([], tmp_path, copied)) == []


def test_an_error_comes_out_in_its_files_place_and_nothing_stays(tmp_path: Path) -> None:
    def failing(file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        if file.key == "2":
            raise Retry("the server failed")
        copied(file, part, target, progress)

    read: list[str] = []
    with pytest.raises(Retry, match="the server failed"):
        read.extend(file.name for file in read_ahead(FILES, tmp_path, failing))
    assert read == ["s3://raw/0", "s3://raw/1"]
    assert list(tmp_path.iterdir()) == []
    assert fetch_threads() == []


def test_closing_early_stops_copies_under_way_and_removes_them(tmp_path: Path) -> None:
    begun: list[str] = []
    left_off = threading.Event()

    def endless(file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        begun.append(file.key)
        copied(file, part, target, progress)
        if file.key != "0":
            assert progress.stopped.wait(PATIENCE_S)
            left_off.set()

    with closing(cast("Generator[LocalFile]", read_ahead(FILES, tmp_path, endless))) as files:
        assert next(files).path.read_text() == "0"
    assert left_off.is_set()
    assert len(begun) <= TOGETHER
    assert list(tmp_path.iterdir()) == []
    assert fetch_threads() == []


@pytest.mark.parametrize("etag, is_cut", [("one object", True), (None, False)])
def test_a_large_file_is_copied_in_parts_where_an_etag_tells_that_they_are_of_one_object(
    tmp_path: Path, etag: str | None, is_cut: bool
) -> None:
    asked: list[range] = []
    size_bytes = 2 * PART_BYTES + 1

    def copy(file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        asked.append(part)
        target.touch()

    [made] = map(whole, read_ahead([SourceFile("s3://raw/0", "0", size_bytes, etag, 0)], tmp_path, copy))
    assert (made.name, made.size_bytes, made.is_copy, made.coming) == ("s3://raw/0", size_bytes, True, None)
    asked.sort(key=lambda part: part.start)
    assert (len(asked) > 1) == is_cut
    assert (asked[0].start, asked[-1].stop) == (0, size_bytes)
    assert all(one.stop == other.start for one, other in pairwise(asked))


def test_the_threads_share_the_parts_of_the_first_file(tmp_path: Path) -> None:
    begun: list[str] = []
    all_begun = threading.Barrier(TOGETHER)
    # As many parts behind the first as there are threads.
    files = [SourceFile(f"s3://raw/{key}", key, 2 * PART_BYTES, "e", 0) for key in "abcdef"]

    def copy(file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        target.touch()
        if part.start:
            begun.append(file.key)
            all_begun.wait(PATIENCE_S)

    assert [file.name for file in map(whole, read_ahead(files, tmp_path, copy))] == [file.name for file in files]
    assert begun == sorted(begun)


class Gate:
    """Copies whose parts behind the first wait until they may come."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.opened = threading.Event()
        self._fails = fails

    def copy(self, file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        target.touch()
        while part.start and not self.opened.wait(0.01) and not progress.stopped.is_set():
            pass
        if part.start and self._fails:
            raise self._fails


LARGE = [SourceFile(f"s3://raw/{key}", key, 2 * PART_BYTES, "e", 0) for key in "abcdef"]


def test_large_files_are_given_out_while_they_come(tmp_path: Path) -> None:
    gate = Gate()
    files = list(read_ahead(LARGE, tmp_path, gate.copy))
    beginnings = [file.coming.there(1, PATIENCE_S) for file in files if file.coming]
    assert beginnings == [HEAD_BYTES] * len(LARGE)
    gate.opened.set()
    assert all(file.coming and file.coming.there(file.size_bytes, PATIENCE_S) == file.size_bytes for file in files)


def test_what_is_told_of_a_part_can_be_read_before_the_rest_of_it_comes(tmp_path: Path) -> None:
    ended = threading.Event()

    def copy(file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        target.touch()
        if part.start:
            progress.tell(len(part) // 2)
            assert ended.wait(PATIENCE_S)

    with closing(read_ahead(LARGE[:1], tmp_path, copy)) as files:
        [file] = files
        assert file.coming is not None
        at_first = file.coming.there(HEAD_BYTES + 1, PATIENCE_S)
        assert HEAD_BYTES < at_first < PART_BYTES
        assert file.coming.there(at_first + 1, 0) == at_first
        ended.set()
        assert file.coming.there(file.size_bytes, PATIENCE_S) == file.size_bytes


def test_an_error_comes_out_where_a_part_is_waited_for(tmp_path: Path) -> None:
    gate = Gate(Retry("the server failed"))
    gate.opened.set()
    with closing(read_ahead(LARGE[:1], tmp_path, gate.copy)) as files:
        [file] = files
        assert file.coming is not None
        assert file.coming.there(HEAD_BYTES, PATIENCE_S) == HEAD_BYTES
        for _ in range(2):
            with pytest.raises(Retry, match="the server failed"):
                file.coming.there(HEAD_BYTES + 1, PATIENCE_S)
    assert list(tmp_path.iterdir()) == []
    assert fetch_threads() == []


def test_closing_stops_copies_of_files_that_were_all_given_out(tmp_path: Path) -> None:
    with closing(read_ahead(LARGE, tmp_path, Gate().copy)) as files:
        assert len(list(files)) == len(LARGE)
    assert list(tmp_path.iterdir()) == []
    assert fetch_threads() == []


def test_a_scratch_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("a file")
    with pytest.raises(Stop, match=r"Files can't be copied to this machine: .*scratch"):
        list(read_ahead(FILES, tmp_path / "scratch", copied))
