from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.clock import HandClock, to_ms
from headrace.errors import Retry
from headrace.log import Log, silent
from headrace.runner.notifier import KEPT, Notifier, Rounds
from headrace.store import outbox
from headrace.store.outbox import Report
from headrace.store.store import Store
from tests.standins.processes import PATIENCE_S, until

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Listener:
    """Keeps what it is told; `refused` and `fault` may be changed at any time."""

    name = "the listener"

    def __init__(self, key: str = "a", most_together: int = 3) -> None:
        self.key = key
        self.most_together = most_together
        self.told: list[str] = []
        self.calls: list[int] = []
        self.refused: set[str] = set()
        self.fault: Exception | None = None
        self.is_closed = False

    def deliver(self, reports: Sequence[Report]) -> Mapping[str, str]:
        self.calls.append(len(reports))
        if self.fault is not None:
            raise self.fault
        self.told += [report.event_id for report in reports if report.event_id not in self.refused]
        return {report.event_id: "not mine" for report in reports if report.event_id in self.refused}

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(name="store")
def open_store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(tmp_path / "data", reports_to=("a", "b"))) as store:
        yield store


def put(store: Store, *names: str, now: datetime = NOW) -> None:
    """Reports by the names of their ids; the first letter is the flow."""
    for name in names:
        store.write(lambda tx, name=name: outbox.put(tx, name[0], {"id": name}, now_ms=to_ms(now))).result(PATIENCE_S)


def left(store: Store, receiver: str = "a") -> list[str]:
    found = store.read(lambda tx: outbox.page(tx, receiver, after=0, limit=9999)).result(PATIENCE_S)
    return [report.event_id for report in found]


def rounds(store: Store, listener: Listener, *, log: Log | None = None, now: datetime = NOW) -> Rounds:
    return Rounds(store, HandClock(now), listener, log or silent(), lambda _: 0.0)


def test_what_waits_is_delivered_in_order_and_forgotten(store: Store) -> None:
    listener = Listener()
    put(store, "x1", "y1", "x2", "z1", "y2")

    assert rounds(store, listener).deliver_all()

    assert listener.told == ["x1", "y1", "x2", "z1", "y2"]
    assert (left(store), left(store, "b")) == ([], listener.told)


def test_no_two_reports_of_a_flow_go_together(store: Store) -> None:
    listener = Listener()
    put(store, "x1", "y1", "x2", "z1", "w1", "v1")

    rounds(store, listener).deliver_all()

    assert listener.calls == [2, 3, 1]


def test_a_flow_whose_report_is_refused_waits_and_holds_up_no_other(store: Store) -> None:
    listener, stream = Listener(), io.StringIO()
    listener.refused = {"x1"}
    put(store, "x1", "y1", "x2", "z1")

    one_round = rounds(store, listener, log=Log(stream))
    assert not one_round.deliver_all()
    assert (listener.told, left(store)) == (["y1", "z1"], ["x1", "x2"])
    assert "report refused" in stream.getvalue()

    listener.refused = set()
    assert one_round.deliver_all()
    assert listener.told == ["y1", "z1", "x1", "x2"]


def test_a_refusing_flow_with_a_long_queue_holds_up_no_other(store: Store) -> None:
    listener = Listener()
    listener.refused = {"x0"}
    store.write(
        lambda tx: [outbox.put(tx, "x", {"id": f"x{number}"}, now_ms=to_ms(NOW)) for number in range(500)]
    ).result(PATIENCE_S)
    put(store, "y1")

    rounds(store, listener).deliver_all()

    assert listener.told == ["y1"]
    assert len(left(store)) == 500


def test_a_receiver_that_is_gone_loses_nothing(store: Store) -> None:
    listener = Listener()
    listener.fault = Retry("gone")
    put(store, "x1", "y1")

    with pytest.raises(Retry):
        rounds(store, listener).deliver_all()

    assert (listener.calls, left(store)) == ([2], ["x1", "y1"])


def test_what_nobody_takes_is_dropped_in_the_end_and_said(store: Store) -> None:
    listener, stream = Listener(), io.StringIO()
    put(store, "x1", now=NOW - KEPT - timedelta(seconds=1))
    put(store, "x2", now=NOW - KEPT)

    rounds(store, listener, log=Log(stream)).deliver_all()

    assert listener.told == ["x2"]
    assert "reports dropped" in stream.getvalue()
    assert "count=1" in stream.getvalue()


def test_a_notifier_delivers_what_was_left_and_what_comes(store: Store) -> None:
    first, second = Listener("a"), Listener("b", most_together=1)
    put(store, "x1")
    notifier = Notifier(store=store, clock=HandClock(NOW), receivers=(first, second))
    notifier.start()
    try:
        until(lambda: first.told == second.told == ["x1"])
        put(store, "x2", "y1")
        until(lambda: first.told == second.told == ["x1", "x2", "y1"])
    finally:
        notifier.stop()
    assert first.is_closed


def test_a_notifier_waits_longer_after_each_failure_and_goes_on(store: Store) -> None:
    listener, stream = Listener(), io.StringIO()
    listener.fault = Retry("gone for now")
    waits: list[int] = []
    failed_often = threading.Event()

    def wait_s(failures: int) -> float:
        waits.append(failures)
        if failures == 3:
            listener.fault = None
            failed_often.set()
        return 0.0

    put(store, "x1")
    notifier = Notifier(store=store, clock=HandClock(NOW), receivers=(listener,), log=Log(stream), wait_s=wait_s)
    notifier.start()
    try:
        assert failed_often.wait(PATIENCE_S)
        until(lambda: listener.told == ["x1"])
    finally:
        notifier.stop()
    assert waits == [1, 2, 3]
    assert stream.getvalue().count("gone for now") == 3


def test_stopping_does_not_wait_for_the_next_attempt(store: Store) -> None:
    listener = Listener()
    listener.fault = Retry("gone")
    put(store, "x1")
    began = threading.Event()

    def wait_s(_: int) -> float:
        began.set()
        return 3600.0

    notifier = Notifier(store=store, clock=HandClock(NOW), receivers=(listener,), wait_s=wait_s)
    notifier.start()
    assert began.wait(PATIENCE_S)

    notifier.stop()

    assert left(store) == ["x1"]
