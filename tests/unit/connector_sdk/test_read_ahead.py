from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.connector_sdk.read_ahead import TOGETHER, read_ahead
from headrace.errors import Retry, Stop
from tests.standins.processes import PATIENCE_S

FILES = [SourceFile(f"s3://raw/{number}", str(number), 1, None, 0) for number in range(20)]


def copied(file: SourceFile, target: Path, stopped: threading.Event) -> LocalFile:
    target.write_text(file.key)
    return LocalFile(file.name, target, file.size_bytes, is_copy=True)


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
    def failing(file: SourceFile, target: Path, stopped: threading.Event) -> LocalFile:
        if file.key == "2":
            raise Retry("the server failed")
        return copied(file, target, stopped)

    read: list[str] = []
    with pytest.raises(Retry, match="the server failed"):
        read.extend(file.name for file in read_ahead(FILES, tmp_path, failing))
    assert read == ["s3://raw/0", "s3://raw/1"]
    assert list(tmp_path.iterdir()) == []
    assert fetch_threads() == []


def test_closing_early_stops_copies_under_way_and_removes_them(tmp_path: Path) -> None:
    begun: list[str] = []
    left_off = threading.Event()

    def endless(file: SourceFile, target: Path, stopped: threading.Event) -> LocalFile:
        begun.append(file.key)
        made = copied(file, target, stopped)
        if file.key != "0":
            assert stopped.wait(PATIENCE_S)
            left_off.set()
        return made

    with closing(cast("Generator[LocalFile]", read_ahead(FILES, tmp_path, endless))) as files:
        assert next(files).path.read_text() == "0"
    assert left_off.is_set()
    assert len(begun) <= TOGETHER
    assert list(tmp_path.iterdir()) == []
    assert fetch_threads() == []


def test_a_scratch_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("a file")
    with pytest.raises(Stop, match=r"Files can't be copied to this machine: .*scratch"):
        list(read_ahead(FILES, tmp_path / "scratch", copied))
