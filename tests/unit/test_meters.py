"""What a process counts, and that it never counts without bound."""

from __future__ import annotations

from threading import Thread

from headrace.meters import OTHERS, Count, FlowFigures, FlowMeters, FlowName, Meters, Timer


def flow(name: str) -> FlowName:
    return FlowName("000000000000", "us-east-1", name)


def test_a_count_without_labels_begins_at_zero() -> None:
    assert Count("c", "").read() == [((), 0)]
    assert Timer("t", "", (1,)).read() == [((), (0, 0), 0.0)]


def test_what_several_threads_count_adds_up() -> None:
    count = Count("c", "", ("a",))
    threads = [Thread(target=lambda: [count.add("x") for _ in range(1000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.read() == [(("x",), 8000)]


def test_a_time_counts_in_the_first_bucket_that_it_does_not_exceed() -> None:
    timer = Timer("t", "", (0.1, 1))
    for seconds in (0.05, 0.1, 0.11, 5):
        timer.add(seconds)
    assert timer.read() == [((), (2, 1, 1), 5.26)]


def test_label_values_beyond_the_bound_are_counted_together() -> None:
    count, timer = Count("c", "", ("a", "b")), Timer("t", "", (1,), ("a", "b"))
    for number in range(2000):
        count.add(str(number), "x")
        timer.add(0.5, str(number), "x")
    counted, timed = dict(count.read()), {timing.labels: sum(timing.counts) for timing in timer.read()}
    assert len(counted) == len(timed) == 501
    assert counted[OTHERS, OTHERS] == timed[OTHERS, OTHERS] == 1500
    assert sum(counted.values()) == 2000


def test_flows_beyond_the_bound_are_added_up() -> None:
    flows = FlowMeters(most=1)
    for name in ("one", "two", "three", "one"):
        flows.started(flow(name))
        flows.ended(flow(name), "succeeded", 1.5, 10)
    flows.ended(flow("two"), "failed", 1, 1)
    flows.ended(flow("two"), "canceled", 1, 1)
    assert flows.read() == [
        (flow("one"), FlowFigures(2, 2, 0, 0, 3.0, 20)),
        (FlowName(OTHERS, OTHERS, OTHERS), FlowFigures(2, 2, 1, 1, 5.0, 22)),
    ]


def test_what_was_read_stays_as_it_was() -> None:
    flows = FlowMeters(most=1)
    flows.started(flow("one"))
    read = flows.read()
    flows.started(flow("one"))
    assert read == [(flow("one"), FlowFigures(started=1))]


def test_every_meter_has_a_name_of_its_own() -> None:
    meters = Meters()
    names = [each.name for each in (*meters.counts, *meters.timers)]
    assert len(names) == len(set(names)) == 8
