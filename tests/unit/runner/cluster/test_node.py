"""What runs on a node of a cluster, without one: whom it refuses, what it sees, and what it leaves behind."""

from __future__ import annotations

import _thread
import pickle
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.engine.results import Naming, SplitResult
from headrace.engine.watch import Cancelled, Watch
from headrace.flow.plan import plan
from headrace.runner.cluster.messages import Failure, Order, Surroundings
from headrace.runner.sources import SplitWork
from headrace.settings import MIB, Settings
from headrace.version import version
from tests.standins.processes import PATIENCE_S
from tests.unit.runner.rig import document

node: Any = pytest.importorskip("headrace.runner.cluster.node", reason="Ray is not installed", exc_type=ImportError)


@pytest.fixture(name="order")
def an_order(tmp_path: Path) -> Order:
    """A split of one file in a bucket that is a folder; the node has `tmp` for what it writes."""
    (tmp_path / "tmp").mkdir()
    folder = tmp_path / "buckets" / "raw"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "1.csv").write_text("a\n1\n", encoding="utf-8")
    files = FolderBucket("raw", folder, makes_itself=True).list("")
    naming = Naming("orders", "e1", 1, datetime(2026, 1, 1, tzinfo=UTC))
    around = Surroundings.of(Settings(data=tmp_path), {"HOME": str(tmp_path)})
    return Order(plan(document()), SplitWork(0, files, None), naming, around, 64 * MIB, 1)


def failure(order: Order, sender: str | None = None) -> Failure:
    found = node.run_split(sender or version(), pickle.dumps(order), order.surroundings.data / "tmp")
    assert isinstance(found, Failure)
    return found


def test_another_headrace_is_refused_by_both_versions(order: Order) -> None:
    found = failure(order, "9.9.9")

    assert found.kind == "unusable"
    assert f"has headrace {version()}, this machine 9.9.9; install the same" in found.message


def test_files_that_are_not_as_they_were_listed_are_left_to_this_machine(order: Order, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "tmp").mkdir(parents=True)
    elsewhere = replace(order, surroundings=replace(order.surroundings, data=tmp_path / "elsewhere"))

    found = failure(elsewhere)

    assert found.kind == "unusable"
    assert f"does not see {tmp_path}/elsewhere/buckets/raw as this machine does" in found.message


def test_a_source_that_cannot_be_read_is_told_with_its_file(order: Order, tmp_path: Path) -> None:
    path = tmp_path / "buckets" / "raw" / "in" / "1.csv"
    path.write_bytes(b"\xff\xfe\n1\n")
    files = FolderBucket("raw", path.parents[1], makes_itself=True).list("")

    found = failure(replace(order, work=replace(order.work, files=files)))

    assert (found.kind, found.detail) == ("unreadable", "s3://raw/in/1.csv")


def test_what_a_killed_split_left_is_removed_and_what_runs_is_not(order: Order, tmp_path: Path) -> None:
    left = tmp_path / "tmp" / "headrace-split-left"
    left.mkdir()
    (left / "lock").touch()
    just_made = tmp_path / "tmp" / "headrace-split-just-made"
    just_made.mkdir()

    with node._scratch(tmp_path / "tmp") as running:
        failure(order, "9.9.9")
        failure(replace(order, plan=replace(order.plan, input=None)))
        assert running.is_dir()

    assert [entry.name for entry in (tmp_path / "tmp").iterdir()] == ["headrace-split-just-made"]


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Interrupts raise KeyboardInterrupt, as in a process of Ray, whoever has changed that in this one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupts")
def test_an_interrupt_of_ray_stops_the_split_and_waits_for_its_end() -> None:
    seen: list[bool] = []

    def run(watch: Watch) -> SplitResult:
        _thread.interrupt_main()
        seen.append(watch.wait(PATIENCE_S))
        raise Cancelled

    with pytest.raises(KeyboardInterrupt):
        node._watched(run)

    assert seen == [True]
