"""Sweeps: what lies around of executions that are gone, and what is never touched."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.clock import HandClock, to_ms
from headrace.connector_sdk.kept_rejects import Kept, url_of
from headrace.connector_sdk.objects import Bucket
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.errors import Retry
from headrace.log import Log
from headrace.runner.sweeper import Sweeper
from headrace.store import executions, flows, outbox, rejects
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.runner.rig import START
from tests.unit.runner.stores import Objects, RigBuckets
from tests.unit.store.rows import ACCOUNT, REGION, add_flow, queue, read, write
from tests.unit.store.test_retention import run

DAY = timedelta(days=1)
LOGS = f"connector-logs/{ACCOUNT}/{REGION}"


class Room:
    """A store, and the folder beside it with files that have not changed for two days."""

    def __init__(self, data: Path, store: Store) -> None:
        self.data, self.store, self.said = data, store, io.StringIO()
        self.clock = HandClock(START)

    def plant(self, place: str, *, age: timedelta = 2 * DAY) -> Path:
        path = self.data / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        at_s = (self.clock.now() - age).timestamp()
        for each in (path, *path.parents):
            if each == self.data:
                break
            os.utime(each, (at_s, at_s))
        return path

    def sweeper(self, keep: timedelta | None = None) -> Sweeper:
        log = Log(self.said, now=self.clock.now)
        return Sweeper(store=self.store, clock=self.clock, data=self.data, keep=keep, log=log)


@pytest.fixture(name="room")
def a_room(tmp_path: Path) -> Iterator[Room]:
    with closing(Store.open(tmp_path / "data")) as store:
        write(store, add_flow)
        yield Room(tmp_path / "data", store)


def test_files_of_executions_that_are_gone_go(room: Room) -> None:
    write(room.store, lambda tx: run(tx, "kept"))
    gone = [room.plant(f"rejects/orders/gone/{name}") for name in ("1.csv", "2.csv")]
    gone += [room.plant(f"{LOGS}/orders/gone.log"), room.plant("staging/gone/1-00000/part")]
    kept = [room.plant("rejects/orders/kept/1.csv"), room.plant(f"{LOGS}/orders/kept.log")]
    assert room.sweeper().sweep()["files"] == 3
    assert [path.exists() for path in (*gone, *kept)] == [False] * 4 + [True] * 2
    assert "swept" in room.said.getvalue()


def test_what_an_execution_staged_goes_once_it_has_ended(room: Room) -> None:
    write(room.store, lambda tx: run(tx, "ended"))
    write(room.store, lambda tx: queue(tx, "queued"))
    ended, queued = room.plant("staging/ended/1-00000/part"), room.plant("staging/queued/1-00000/part")
    rejects = room.plant("rejects/orders/ended/1.csv")
    assert room.sweeper().sweep()["files"] == 1
    assert (ended.exists(), queued.exists(), rejects.exists()) == (False, True, True)


def test_files_of_a_deleted_flow_go_and_its_folders_after_them(room: Room) -> None:
    write(room.store, lambda tx: run(tx, "e1"))
    rejects, lines = room.plant("rejects/orders/e1/1.csv"), room.plant(f"{LOGS}/orders/e1.log")
    head = read(room.store, lambda tx: flows.head(tx, ACCOUNT, REGION, "orders"))
    assert head is not None
    write(room.store, lambda tx: flows.delete_flow(tx, head.flow_id))
    sweeper = room.sweeper()
    assert sweeper.sweep()["files"] == 2
    assert (rejects.exists(), lines.exists()) == (False, False)
    for folder in (rejects.parent.parent, lines.parent):
        at_s = (room.clock.now() - 2 * DAY).timestamp()
        os.utime(folder, (at_s, at_s))
    sweeper.sweep()
    assert (rejects.parent.parent.exists(), lines.parent.exists()) == (False, False)


def test_nothing_young_is_taken_for_left_over(room: Room) -> None:
    young = [room.plant(place, age=DAY / 2) for place in ("rejects/orders/gone/1.csv", "staging/gone/part")]
    assert room.sweeper().sweep()["files"] == 0
    room.clock.turn(DAY)
    assert room.sweeper().sweep()["files"] == 2
    assert not any(path.exists() for path in young)


def test_a_link_is_removed_and_not_followed(room: Room, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_bytes(b"x")
    link = room.data / "rejects" / "orders" / "gone"
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    at_s = (room.clock.now() - 2 * DAY).timestamp()
    os.utime(link, (at_s, at_s), follow_symlinks=False)
    assert room.sweeper().sweep()["files"] == 1
    assert (outside / "mine").exists()


def test_a_sweep_goes_on_where_the_last_one_ended(room: Room) -> None:
    places = [room.plant(f"rejects/orders/gone-{number:05d}/1.csv") for number in range(450)]
    sweeper = room.sweeper()
    assert sweeper.sweep()["files"] == 450
    assert not any(path.exists() for path in places)
    again = room.plant("rejects/orders/gone-00000/1.csv")
    assert sweeper.sweep()["files"] == 1
    assert not again.exists()


def test_executions_are_kept_for_as_long_as_is_said_and_the_last_for_ever(room: Room) -> None:
    def plant(tx: Tx) -> None:
        for number in range(450):
            run(tx, f"e{number}", ended_ms=to_ms(room.clock.now() - 31 * DAY))
        run(tx, "last", ended_ms=to_ms(room.clock.now() - 30 * DAY))

    write(room.store, plant)
    assert room.sweeper().sweep()["executions"] == 0
    assert room.sweeper(keep=32 * DAY).sweep()["executions"] == 0
    assert room.sweeper(keep=30 * DAY).sweep()["executions"] == 450
    assert room.sweeper(keep=DAY).sweep()["executions"] == 0
    assert read(room.store, lambda tx: executions.get(tx, "last")) is not None


def test_reports_that_nobody_takes_are_dropped_and_that_is_said(room: Room) -> None:
    def plant(tx: Tx) -> None:
        tx.reports_to = ("gone",)
        outbox.put(tx, "f", {"id": "1"}, now_ms=to_ms(room.clock.now() - 4 * DAY))

    write(room.store, plant)
    assert room.sweeper().sweep()["reports"] == 1
    assert "reports dropped" in room.said.getvalue()


def test_where_there_is_nothing_to_do_nothing_is_said(room: Room) -> None:
    assert set(room.sweeper().sweep().values()) == {0}
    assert room.said.getvalue() == ""


def test_a_sweeper_stops_at_once(room: Room) -> None:
    sweeper = room.sweeper()
    sweeper.start()
    sweeper.stop()


def test_rejects_that_lie_elsewhere_go_with_their_executions(room: Room, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    place = RejectsPlace(RigBuckets(Objects()), url_of(elsewhere))
    for name in ("kept", "gone", "asked"):
        path = elsewhere / "orders" / name / "1.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        kept = Kept(place.url, None, f"orders/{name}/", 1, 1, 2, is_whole=True)
        write(room.store, lambda tx, name=name, kept=kept: rejects.put(tx, name, kept))
    others = Kept("file:///no/such/machine", None, "orders/other/", 1, 1, 2, is_whole=True)
    write(room.store, lambda tx: rejects.put(tx, "other", others))
    write(room.store, lambda tx: run(tx, "kept"))
    write(room.store, lambda tx: queue(tx, "retry", overrides={"retryOf": "asked"}))

    sweeper = Sweeper(store=room.store, clock=room.clock, data=room.data, rejects=place)
    assert [sweeper.sweep()["rejects"] for _ in range(2)] == [1, 0]
    assert sorted(path.parent.name for path in elsewhere.rglob("*.json")) == ["asked", "kept"]
    left = read(room.store, lambda tx: rejects.left(tx, after="", limit=9))
    assert [execution_id for execution_id, _ in left] == ["asked", "other"]


def test_a_place_for_rejects_that_is_away_holds_up_no_other(room: Room, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    for name, url in (("a", "s3://away"), ("b", "s3://away"), ("c", url_of(tmp_path / "here"))):
        kept = Kept(url, None, f"orders/{name}/", 1, 1, 2, is_whole=True)
        write(room.store, lambda tx, name=name, kept=kept: rejects.put(tx, name, kept))

    class Away(RigBuckets):
        def at(self, name: str, url: str) -> Bucket:
            if url == "s3://away":
                raise Retry("the store is away")
            return super().at(name, url)

    place = RejectsPlace(Away(Objects()), "s3://away")
    log = Log(room.said, now=room.clock.now)
    sweeper = Sweeper(store=room.store, clock=room.clock, data=room.data, rejects=place, log=log)
    assert sweeper.sweep()["rejects"] == 1
    assert room.said.getvalue().count("rejects not removed") == 1
