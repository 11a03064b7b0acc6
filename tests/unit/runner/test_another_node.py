"""Executions that a node began and another, on whose disk nothing is staged, sees to their end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import HandClock
from headrace.engine.watch import Cancelled
from headrace.model.states import State
from headrace.runner.control import Control, Reason
from tests.standins.application import to_records
from tests.unit.runner.record_runs import Runs, flow, numbered, runs
from tests.unit.runner.rig import (
    DYING,
    START,
    TWO_SPLITS,
    Death,
    Rig,
    document,
    hold,
    rig,
    run_until_dead,
    wait_for,
)

pytestmark = DYING
FIRST, SECOND = "orders/e1-00000.json", "orders/e1-00001.json"


def another(one: Rig, name: str = "another") -> Rig:
    """A node with a data folder of its own, on the same store, that reads and writes the same objects."""
    return Rig(one.data.with_name(name), one.store, one.clock, one.objects, one.engine, numbers=one.numbers)


def killed(node: Rig, *, at_split: int = 0, at_object: int = 0) -> None:
    """Let the node work until it is killed at so many splits read or objects published."""
    death = Death(at_split or at_object)
    node.engine.on_split = death if at_split else _go_on
    node.objects.on_publish = death if at_object else _go_on
    run_until_dead(node, death)
    node.engine.on_split = node.objects.on_publish = _go_on


def _go_on(*_: Any) -> None:
    return


def finished(node: Rig) -> State:
    with node.work():
        return node.settled().state


@pytest.fixture(name="one")
def a_node(rig: Rig) -> Rig:
    """A node with an execution of two splits in the queue."""
    rig.objects.objects = dict(TWO_SPLITS)
    rig.queue()
    return rig


def assert_exact(node: Rig) -> None:
    """The output is that of the source as it is now, once."""
    lines = [line for text in node.objects.output().values() for line in text.splitlines()]
    wanted = [line for (bucket, _), text in node.objects.objects.items() if bucket == "raw" for line in text.split()]
    assert sorted(lines) == sorted(line for line in wanted if not line.startswith(("bad", "drop")))
    counts = node.counts()
    assert counts.balanced
    assert (counts.records_read, counts.records_written) == (len(wanted), len(lines))


@pytest.mark.parametrize("death", [{"at_split": 1}, {"at_split": 2}, {"at_object": 1}, {"at_object": 2}])
def test_what_a_node_left_is_done_by_another_whatever_it_had_come_to(one: Rig, death: dict[str, int]) -> None:
    killed(one, **death)
    other = another(one)

    assert finished(other) is State.DONE
    assert_exact(other)
    assert sorted(one.objects.output()) == [FIRST, SECOND]
    assert other.left_over() == []


@pytest.mark.parametrize("death", [{"at_object": 1}, {"at_object": 2}])
def test_objects_of_a_source_that_changed_in_between_are_those_of_one_reading(one: Rig, death: dict[str, int]) -> None:
    killed(one, **death)
    for place in TWO_SPLITS:
        one.objects.objects[place] = "drop\n" if place < ("raw", "in/0290") else f"new{place[1]}\n"
    other = another(one)

    assert finished(other) is State.DONE
    assert_exact(other)
    assert list(one.objects.output()) == [SECOND]


def test_an_object_of_the_first_reading_goes_though_a_second_one_was_killed_as_well(one: Rig) -> None:
    killed(one, at_object=2)
    for number in range(260):
        one.objects.objects["raw", f"in/{number:04d}"] = "drop\n"
    killed(another(one, "second"), at_object=1)
    assert list(one.objects.output()) == [FIRST]
    third = another(one, "third")

    assert finished(third) is State.DONE
    assert_exact(third)
    assert list(one.objects.output()) == [SECOND]


def test_a_node_that_comes_back_does_not_publish_what_another_has_read_anew(one: Rig) -> None:
    killed(one, at_object=1)
    one.objects.objects["raw", "in/0000"] = "new\n"
    killed(another(one), at_object=1)

    assert finished(one) is State.DONE
    assert_exact(one)


def test_what_is_staged_here_is_not_read_again(one: Rig) -> None:
    killed(one, at_object=1)
    one.objects.objects = dict.fromkeys(TWO_SPLITS, "changed\n")

    assert finished(one) is State.DONE
    assert sorted(line for text in one.objects.output().values() for line in text.splitlines()) == sorted(
        map(str, range(300))
    )


def test_a_source_that_is_gone_leaves_nothing_of_what_another_node_had_published(one: Rig) -> None:
    killed(one, at_object=2)
    assert one.objects.output()
    one.objects.objects = {place: text for place, text in one.objects.objects.items() if place[0] != "raw"}
    other = another(one)

    assert finished(other) is State.FAILED
    assert "is gone" in str(other.get().message)
    assert "may have been written" not in str(other.get().message)
    assert one.objects.output() == {}


@pytest.mark.parametrize("bucket", [None, "errors"])
def test_rejects_are_those_of_the_reading_that_counts(rig: Rig, bucket: str | None) -> None:
    rig.objects.objects = TWO_SPLITS | {("raw", "in/0000"): "bad1\n", ("raw", "in/0299"): "bad2\n"}
    rig.queue("e1", document(**({"bucketName": bucket} if bucket else {})))
    # The rejects come before the output.
    killed(rig, at_object=3 if bucket else 1)
    rig.objects.objects["raw", "in/0000"] = "good\n"
    other = another(rig)

    assert finished(other) is State.DONE
    assert_exact(other)
    if bucket:
        assert rig.objects.output("errors") == {"orders/e1/1.json": "bad2\n"}
    else:
        assert other.kept_rejects() == {"orders/e1/1.json": "bad2\n"}


def test_rejects_kept_in_the_data_folder_do_not_make_a_node_read_again(rig: Rig) -> None:
    rig.objects.objects = {("raw", "in/1"): "a\nbad\n"}
    rig.queue()
    killed(rig, at_object=1)
    seen = len(rig.engine.seen)

    assert finished(rig) is State.DONE
    assert len(rig.engine.seen) == seen
    assert rig.kept_rejects() == {"orders/e1/1.json": "bad\n"}


# --- deliveries ---------------------------------------------------------------------------------


@pytest.fixture(name="made")
def applications(tmp_path: Path) -> Any:
    with runs(tmp_path) as started:
        yield started


def killed_at_batch(made: Runs, number: int) -> Runs:
    """The same applications, seen from another node, after the first died with the batch of that number sent."""
    made.rig.queue("e1", flow(destination=to_records()))
    made.erp.refuse = lambda record: "odd" if record["id"] % 2 else None
    death = Death(number)
    made.erp.on_batch = death
    run_until_dead(made.rig, death, **made.parts)
    made.erp.on_batch = lambda batch: None
    return Runs(another(made.rig), made.engine, made.crm, made.erp)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_delivery_goes_on_on_another_node_with_all_that_was_refused_before(made: Runs, number: int) -> None:
    made.put(*numbered(7))
    other = killed_at_batch(made, number)

    execution = other.go_on()

    assert execution.state is State.DONE, execution.message
    # The batch that nobody recorded came twice under one key.
    sent = [f"e1-{first}" for first in (0, 2, 4, 6)]
    assert [batch.key for batch in made.erp.batches] == sorted([*sent, sent[number - 1]])
    assert made.erp.records == [{"id": number} for number in range(0, 7, 2)]
    assert [reject["record"]["id"] for reject in other.kept()] == [1, 3, 5]
    assert (other.rig.counts().records_written, other.rig.counts().records_rejected) == (4, 3)


def test_a_source_that_lost_records_that_were_sent_ends_the_delivery_in_words(made: Runs) -> None:
    made.put(*numbered(7))
    other = killed_at_batch(made, 3)
    made.put(*numbered(2))

    execution = other.go_on()

    assert execution.state is State.FAILED
    assert "4 records of the source were sent before it changed" in str(execution.message)
    assert "At least 2 of 2 records had been written" in str(execution.message)


def no_store(_: Any) -> Any:
    raise OSError("no store")


# --- leases -------------------------------------------------------------------------------------


def test_a_node_that_can_not_renew_stops_before_another_may_claim(tmp_path: Path) -> None:
    with rig(tmp_path / "data", turned_by_hand=True, lease_s=3.0) as made:
        assert isinstance(made.clock, HandClock)
        hold(made)
        made.queue()
        with made.work() as worker:
            wait_for(made.engine.running)
            worker._ledger.renew = no_store  # pyright: ignore[reportAttributeAccessIssue]
            made.clock.turn(timedelta(seconds=2))
            wait_for(made.engine.stopped)
            lease_until_ms = made.get().lease_until_ms

        assert lease_until_ms is not None
        assert made.clock.now().timestamp() * 1000 < lease_until_ms
        assert made.objects.output() == {}


def test_nothing_is_published_once_the_lease_was_not_renewed_in_time(tmp_path: Path) -> None:
    """As if the process had been stopped between two objects, and another node had the execution meanwhile."""
    with rig(tmp_path / "data", turned_by_hand=True, lease_s=60.0) as made:
        clock = made.clock
        assert isinstance(clock, HandClock)
        made.objects.objects = dict(TWO_SPLITS)
        made.queue()
        stopped = iter([timedelta(seconds=100)])
        made.objects.on_publish = lambda bucket: clock.turn(next(stopped, timedelta()))
        with made.work():
            assert made.settled().fence == 2

        assert [key for _, key in made.objects.published] == [FIRST, FIRST, SECOND]


def test_a_lease_counts_by_a_clock_that_nobody_sets() -> None:
    passed = [0.0]
    control = Control(lambda counts: None, lambda: passed[0])
    control.hold_until(20.0)
    passed[0] = 19.9
    control.check()
    passed[0] = 20.0
    with pytest.raises(Cancelled, match="lost"):
        control.check()
    assert control.reason is Reason.LOST


def test_a_clock_that_is_set_back_does_not_stop_the_clock_of_leases() -> None:
    clock = HandClock(START)
    clock.turn(timedelta(seconds=5))
    clock.turn(timedelta(hours=-1))
    assert clock.elapsed_s() == 5
