"""Large files that go to the disk while they are written."""

from __future__ import annotations

import threading
from pathlib import Path

from headrace.runner.early import Early, flushing_early


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
    with flushing_early(tmp_path):
        assert "headrace-early" in {thread.name for thread in threading.enumerate()}
    assert "headrace-early" not in {thread.name for thread in threading.enumerate()}
