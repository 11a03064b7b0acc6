"""The small parts of a run: the stop switch, the folders, the counts that are shown."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.clock import HandClock
from headrace.engine.results import Counts, SplitResult
from headrace.engine.watch import Cancelled, Watch
from headrace.log import silent
from headrace.runner.control import Control, Reason
from headrace.runner.folders import Folders
from headrace.runner.placement import Doing, Local
from headrace.runner.progress import Progress
from headrace.runner.sources import SplitWork
from tests.unit.runner.rig import START


class Saves:
    """Answers to progress writes, given by hand."""

    def __init__(self) -> None:
        self.clock = HandClock(START)
        self.counts: list[Counts] = []
        self.answers: list[Future[bool]] = []
        self.losses = 0
        self.progress = Progress(self._save, now=self.clock.now, lost=self._lost)

    def _save(self, counts: Counts) -> Future[bool]:
        self.counts.append(counts)
        self.answers.append(Future())
        return self.answers[-1]

    def _lost(self) -> None:
        self.losses += 1


def read(records: int) -> Counts:
    return Counts(records_read=records, records_written=records)


def test_the_first_reason_to_stop_stays() -> None:
    control = Control(lambda counts: None)
    control.check()

    control.stop(Reason.CANCELLED)
    control.stop(Reason.LOST)

    assert control.reason is Reason.CANCELLED
    assert control.watch.cancelled


def test_a_stopped_execution_waits_for_nothing() -> None:
    control = Control(lambda counts: None)
    control.stop(Reason.HANDED_BACK)

    with pytest.raises(Cancelled, match="handed back"):
        control.wait(3600)
    with pytest.raises(Cancelled):
        control.check()


def test_counts_are_saved_at_most_twice_a_second() -> None:
    saves = Saves()

    saves.progress.reached(read(1))
    saves.clock.turn(timedelta(seconds=0.6))
    saves.progress.reached(read(2))
    saves.answers[0].set_result(True)
    saves.progress.reached(read(3))
    saves.clock.turn(timedelta(seconds=0.5))
    saves.progress.reached(read(4))

    assert saves.counts == [read(2), read(4)]


def test_a_slow_store_is_not_sent_more_counts() -> None:
    saves = Saves()

    for records in range(1, 4):
        saves.clock.turn(timedelta(seconds=1))
        saves.progress.reached(read(records))

    assert saves.counts == [read(1)]


def test_finished_splits_are_added_up() -> None:
    saves = Saves()

    saves.progress.reached(read(4))
    saves.progress.split_done(read(5))
    saves.clock.turn(timedelta(seconds=1))
    saves.progress.reached(read(2))

    assert saves.counts == [read(7)]
    assert saves.progress.finished == read(5)


def test_a_lease_that_a_progress_write_finds_lost_is_told() -> None:
    saves = Saves()
    saves.clock.turn(timedelta(seconds=1))
    saves.progress.reached(read(1))

    saves.answers[0].set_result(False)

    assert saves.losses == 1


def test_a_progress_write_that_fails_stops_nothing() -> None:
    saves = Saves()
    saves.clock.turn(timedelta(seconds=1))
    saves.progress.reached(read(1))

    saves.answers[0].set_exception(OSError("disk"))

    assert saves.losses == 0


def test_two_leases_of_a_split_do_not_share_a_folder(tmp_path: Path) -> None:
    folders = Folders(tmp_path)

    first, second = folders.split("e", 1, 0), folders.split("e", 2, 0)
    (first / "a").touch()
    folders.drop_split("e", 2, 0)

    assert (first / "a").exists()
    assert not second.exists()


def test_a_split_that_runs_again_finds_its_folder_empty(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    (folders.split("e", 1, 0) / "half").touch()

    assert list(folders.split("e", 1, 0).iterdir()) == []


def test_what_was_staged_is_removed_with_its_execution(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.split("e", 1, 0)
    folders.split("f", 1, 0)

    folders.drop("e")
    folders.drop("never there")

    assert folders.staged() == ("f",)


def test_splits_run_in_order_and_only_as_their_results_are_taken() -> None:
    begun: list[int] = []

    def do(work: SplitWork) -> SplitResult:
        begun.append(work.number)
        return SplitResult(read(work.number), (), ())

    works = [SplitWork(number, (), None) for number in (1, 2, 3)]
    results = Local().run(works, Doing(do, None, Watch(lambda counts: None), silent()))

    assert next(results) == (works[0], SplitResult(read(1), (), ()))
    assert begun == [1]
    assert [work.number for work, _ in results] == [2, 3]
