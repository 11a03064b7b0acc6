"""New objects of a bucket that is a folder, each told once, when it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.folder_watch import FolderWatch
from headrace.connector_sdk.listening import Interest

SECOND = 1_000_000_000


class Folder:
    """A bucket, and watches of it on a clock that stands as far ahead of the files as a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bucket = FolderBucket("raw", folder, makes_itself=True)
        self.now_ns = 0
        self.looked: list[str] = []

    def put(self, key: str, text: str = "x", *, age_s: float = 0) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        self.now_ns = path.stat().st_mtime_ns
        if age_s:
            before_s = path.stat().st_mtime - age_s
            os.utime(path, (before_s, before_s))
        return path

    def watch(self, *, cursor: str | None = None, prefix: str = "in", since_ms: int = 0) -> FolderWatch:
        interest = Interest("", {"bucketName": "raw", "bucketPrefix": prefix}, since_ms, cursor)
        return FolderWatch(self.bucket, interest, now_ns=lambda: self.now_ns)

    def turn(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)


@pytest.fixture(name="folder")
def a_folder(tmp_path: Path) -> Folder:
    (tmp_path / "raw").mkdir()
    return Folder(tmp_path / "raw")


def told(watch: FolderWatch) -> list[str]:
    return sorted(json.loads(arrival.body)["key"] for arrival in watch.poll().arrivals)


def test_a_new_object_is_told_once_and_its_prefix_is_any_text(folder: Folder) -> None:
    watch = folder.watch(prefix="in/a")
    folder.put("in/a1")
    folder.put("in/deep/a2")
    folder.put("in/a3/b")
    folder.turn(2)
    assert told(watch) == ["in/a1", "in/a3/b"]
    assert told(watch) == []


def test_a_bucket_that_is_not_there_yet_has_no_objects(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "later")
    watch = folder.watch()
    assert told(watch) == []
    folder.put("in/1")
    folder.turn(2)
    assert told(watch) == ["in/1"]


def test_what_there_was_before_the_flow_was_activated_is_not_told(folder: Folder) -> None:
    folder.put("in/old")
    folder.turn(5)
    watch = folder.watch(since_ms=folder.now_ns // 1_000_000)
    assert told(watch) == []
    (folder.folder / "in" / "old").chmod(0o600)
    folder.turn(60)
    assert told(watch) == []


def test_a_file_that_was_moved_there_counts_however_old_it_is(folder: Folder) -> None:
    outside = folder.put("../outside", age_s=3600)
    watch = folder.watch(since_ms=folder.now_ns // 1_000_000 - 1000)
    (folder.folder / "in").mkdir()
    assert told(watch) == []
    outside.rename(folder.folder / "in" / "moved")
    assert told(watch) == ["in/moved"]


def test_a_file_that_may_still_grow_is_told_once_it_stands_still(folder: Folder) -> None:
    watch = folder.watch()
    folder.put("in/1", "x")
    assert told(watch) == []
    folder.put("in/1", "xy")
    assert told(watch) == []
    assert told(watch) == ["in/1"]
    assert told(watch) == []


def test_a_file_that_goes_before_it_is_whole_is_not_told(folder: Folder) -> None:
    watch = folder.watch()
    path = folder.put("in/1")
    assert told(watch) == []
    path.unlink()
    folder.turn(2)
    assert told(watch) == []


def test_unfinished_and_empty_files_are_no_objects(folder: Folder) -> None:
    watch = folder.watch()
    folder.put("in/.headrace-unfinished-1")
    folder.put("in/empty", "")
    folder.turn(2)
    assert told(watch) == []


def replaced(path: Path) -> None:
    other = path.with_name(".headrace-unfinished-2")
    other.write_text("other", "utf-8")
    other.replace(path)


@pytest.mark.parametrize("change", [lambda path: path.write_text("changed", "utf-8"), replaced])
def test_an_object_that_changes_is_told_again(folder: Folder, change: Callable[[Path], object]) -> None:
    watch = folder.watch()
    path = folder.put("in/1")
    folder.turn(2)
    assert told(watch) == ["in/1"]
    change(path)
    folder.turn(60)
    assert told(watch) == ["in/1"]


def test_between_whole_looks_only_folders_that_changed_are_listed(folder: Folder) -> None:
    folder.put("in/a/1")
    folder.put("in/b/1")
    slow = folder.watch()
    folder.turn(2)
    # A whole look that takes ten seconds comes round once in two hundred.
    clock = iter([folder.now_ns, folder.now_ns, folder.now_ns, folder.now_ns, folder.now_ns + 10 * SECOND])
    slow.now_ns = lambda: next(clock, folder.now_ns + 20 * SECOND)
    assert told(slow) == ["in/a/1", "in/b/1"]

    listed: list[str] = []
    entries = FolderBucket.entries

    class Listing(FolderBucket):
        def entries(self, folder: Path) -> list[os.DirEntry[str]]:
            listed.append(folder.name)
            return entries(self, folder)

    slow.bucket = Listing("raw", folder.folder, makes_itself=True)
    folder.put("in/b/2", age_s=60)
    assert told(slow) == ["in/b/2"]
    assert "a" not in listed


def test_a_watch_goes_on_at_its_cursor(folder: Folder) -> None:
    folder.put("in/1")
    folder.turn(2)
    watch = folder.watch()
    news = watch.poll()
    assert news.cursor is not None
    folder.turn(3600)
    cursor = watch.poll().cursor
    # By then the machine's clock shows less than this one: the file is new all the same.
    again = folder.watch(cursor=str(int(cursor or 0) - 2 * 3600 * SECOND))
    assert told(again) == ["in/1"]
    assert told(folder.watch(cursor=cursor)) == []


def test_a_watch_that_goes_on_tells_nothing_from_before_the_activation(folder: Folder) -> None:
    folder.put("in/before")
    folder.turn(1)
    since_ms = folder.now_ns // 1_000_000
    cursor = folder.watch(since_ms=since_ms).poll().cursor
    assert cursor is not None
    assert told(folder.watch(since_ms=since_ms, cursor=cursor)) == []


def test_the_same_version_has_the_same_key_for_every_watch(folder: Folder) -> None:
    folder.put("in/1")
    folder.turn(2)
    assert folder.watch().poll().arrivals == folder.watch().poll().arrivals


def test_a_link_in_a_circle_ends(folder: Folder) -> None:
    folder.put("in/1")
    (folder.folder / "in" / "circle").symlink_to(folder.folder / "in")
    folder.turn(2)
    assert told(folder.watch()) == ["in/1"]


def test_what_comes_while_no_node_looks_is_told_though_the_clock_of_the_last_one_was_ahead(folder: Folder) -> None:
    folder.put("in/1")
    ahead = folder.watch()
    folder.turn(1800)
    cursor = ahead.poll().cursor
    folder.put("in/2")
    folder.turn(2)
    assert "in/2" in told(folder.watch(cursor=cursor))


def test_a_cursor_does_not_fall_far_behind_where_nothing_comes(folder: Folder) -> None:
    folder.put("in/1")
    folder.turn(5 * 3600)
    assert told(folder.watch(cursor=folder.watch().poll().cursor)) == []
