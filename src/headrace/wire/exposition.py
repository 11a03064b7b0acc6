"""Figures as Prometheus reads them; loaded when somebody first asks for them, because that takes a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from headrace.meters import Count, FlowMeters, Timer
from headrace.model.states import FINISHED, State
from headrace.store.figures import Figures
from headrace.wire.metrics import Shown

_FLOW = ("account", "region", "flow")
_INFINITY = "+Inf"


def exposition(shown: Shown, accept: str) -> tuple[bytes, str]:
    """The page and its content type, in the form that the Accept header asks for."""
    registry = CollectorRegistry()
    registry.register(_Once(shown))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Once(Collector):
    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def describe(self) -> Iterable[Metric]:
        """None: the registry would else collect all of them twice."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        shown, meters = self._shown, self._shown.meters
        build = GaugeMetricFamily("headrace_build_info", "What runs here.", labels=tuple(shown.build))
        build.add_metric(tuple(shown.build.values()), 1)
        yield build
        yield from _of_flows(meters.flows)
        yield from map(_counter, meters.counts)
        yield from map(_histogram, meters.timers)
        yield GaugeMetricFamily(
            "headrace_store_up", "Whether the store answered for this page.", value=shown.figures is not None
        )
        if shown.figures is not None:
            yield from _of_store(shown, shown.figures)


def _of_flows(flows: FlowMeters) -> Iterator[Metric]:
    read = flows.read()
    for name, meaning, member in (
        ("started", "Executions that have begun (FlowExecutionsStarted).", "started"),
        ("succeeded", "Executions that ended as Successful (FlowExecutionsSucceeded).", "succeeded"),
        ("failed", "Executions that ended as Error (FlowExecutionsFailed).", "failed"),
        ("canceled", "Executions that were begun and ended as Canceled.", "canceled"),
    ):
        family = CounterMetricFamily(f"headrace_flow_executions_{name}", meaning, labels=_FLOW)
        for flow, figures in read:
            family.add_metric(flow, getattr(figures, member))
        yield family
    time = SummaryMetricFamily(
        "headrace_flow_execution_time_seconds", "How long executions took (FlowExecutionTime).", labels=_FLOW
    )
    records = CounterMetricFamily(
        "headrace_flow_execution_records_processed",
        "Records that executions read (FlowExecutionRecordsProcessed).",
        labels=_FLOW,
    )
    for flow, figures in read:
        time.add_metric(flow, figures.succeeded + figures.failed + figures.canceled, figures.seconds)
        records.add_metric(flow, figures.records)
    yield time
    yield records


def _counter(count: Count) -> Metric:
    family = CounterMetricFamily(count.name, count.meaning, labels=count.labels)
    for labels, value in count.read():
        family.add_metric(labels, value)
    return family


def _histogram(timer: Timer) -> Metric:
    family = HistogramMetricFamily(timer.name, timer.meaning, labels=timer.labels)
    for labels, counts, sum_s in timer.read():
        family.add_metric(labels, list(_cumulated(timer.bounds_s, counts)), sum_s)
    return family


def _cumulated(bounds_s: Iterable[float], counts: Iterable[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip([*map(str, map(float, bounds_s)), _INFINITY], counts, strict=True):
        total += count
        yield bound, total


def _of_store(shown: Shown, figures: Figures) -> Iterator[Metric]:
    now_ms = shown.now_ms
    yield _unfinished(figures)
    oldest = next((each for each in figures.executions if each.kind == State.QUEUED.value), None)
    yield GaugeMetricFamily(
        "headrace_queue_oldest_seconds",
        "How long the execution that waits longest has waited, 0 where none does.",
        value=0 if oldest is None else _age_s(oldest.since_ms, now_ms),
    )
    yield GaugeMetricFamily(
        "headrace_schedule_overdue_seconds",
        "How long the flow that is due longest waits for a scheduler, 0 where none is due.",
        value=0 if figures.next_due_ms is None else _age_s(figures.next_due_ms, now_ms),
    )
    flows = GaugeMetricFamily("headrace_flows", "Flows, by trigger and status.", labels=("trigger", "status"))
    for trigger, status, count in figures.flows:
        flows.add_metric((trigger, status), count)
    yield flows
    yield from _of_outbox(shown, figures)


def _unfinished(figures: Figures) -> Metric:
    unfinished = GaugeMetricFamily(
        "headrace_executions", "Executions that have not finished, by state, of all nodes.", labels=("state",)
    )
    counts = {each.kind: each.count for each in figures.executions}
    for state in State:
        if state not in FINISHED:
            unfinished.add_metric((state.value,), counts.get(state.value, 0))
    return unfinished


def _of_outbox(shown: Shown, figures: Figures) -> Iterator[Metric]:
    labels = ("receiver", "key")
    length = GaugeMetricFamily("headrace_outbox_reports", "Reports that wait for a receiver.", labels=labels)
    oldest = GaugeMetricFamily(
        "headrace_outbox_oldest_seconds", "How long the report that waits longest has waited.", labels=labels
    )
    waiting = {each.kind: each for each in figures.outbox}
    for key in sorted(waiting.keys() | shown.receivers.keys()):
        found, name = waiting.get(key), shown.receivers.get(key, "not known here")
        length.add_metric((name, key), 0 if found is None else found.count)
        oldest.add_metric((name, key), 0 if found is None else _age_s(found.since_ms, shown.now_ms))
    yield length
    yield oldest


def _age_s(since_ms: int, now_ms: int) -> float:
    return max(0, now_ms - since_ms) / 1000
