"""Large files that go to the disk while they are written."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from headrace.runner.early import Early, flushing_early
from tests.standins.processes import PATIENCE_S


def grow(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.write(b"x" * size)


def test_a_file_goes_to_the_disk_each_time_it_has_grown_by_enough(tmp_path: Path) -> None:
    early = Early(tmp_path, worth_bytes=10)
    grow(tmp_path / "large", 10)
    grow(tmp_path / "small", 9)
    assert early.look() == ["large"]
    assert early.look() == []

    grow(tmp_path / "small", 1)
    grow(tmp_path / "large", 9)
    assert early.look() == ["small"]


def test_a_file_that_gets_another_name_is_the_same_file(tmp_path: Path) -> None:
    early = Early(tmp_path, worth_bytes=10)
    grow(tmp_path / "unfinished", 10)
    assert early.look() == ["unfinished"]
    (tmp_path / "unfinished").rename(tmp_path / "done")
    assert early.look() == []


def test_folders_and_what_is_not_there_are_nothing_to_write(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert Early(tmp_path, worth_bytes=0).look() == []
    assert Early(tmp_path / "nowhere").look() == []


def test_of_a_file_in_pieces_the_first_goes_to_the_disk(tmp_path: Path) -> None:
    for place in ("0", "1"):
        (tmp_path / "00000-pieces" / place).mkdir(parents=True)
        grow(tmp_path / "00000-pieces" / place / f"piece_{place}", 10)
    early = Early(tmp_path, worth_bytes=10)
    assert early.look() == ["piece_0"]
    (tmp_path / "00000-pieces" / "0" / "piece_0").rename(tmp_path / "00000.json")
    assert early.look() == []


def test_nobody_looks_once_the_work_is_over(tmp_path: Path) -> None:
    with flushing_early(Early(tmp_path)):
        assert "headrace-early" in {thread.name for thread in threading.enumerate()}
    assert "headrace-early" not in {thread.name for thread in threading.enumerate()}


class Failing:
    """A disk that says so once, as Linux does."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.was_asked = threading.Event()

    def __call__(self, path: Path) -> None:
        if not self.was_asked.is_set():
            self.was_asked.set()
            raise OSError(self._number, "failed", str(path))


def work(folder: Path, disk: Failing, failure: Exception | None = None) -> None:
    with flushing_early(Early(folder, 10, disk)):
        grow(folder / "large", 10)
        assert disk.was_asked.wait(PATIENCE_S)
        if failure is not None:
            raise failure


def test_what_the_disk_could_not_take_fails_the_work(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="failed") as caught:
        work(tmp_path, Failing(errno.EIO))
    assert caught.value.errno == errno.EIO


def test_what_the_work_failed_at_is_told_before_what_the_disk_did(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the work"):
        work(tmp_path, Failing(errno.EIO), ValueError("the work"))


def test_a_file_that_goes_just_then_is_not_lost(tmp_path: Path) -> None:
    early = Early(tmp_path, 10, Failing(errno.ENOENT))
    grow(tmp_path / "large", 10)
    assert early.look() == []
    assert early.lost is None
    assert early.look() == ["large"]
