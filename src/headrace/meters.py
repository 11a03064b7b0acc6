"""What this process has counted and timed since it started; nobody reads it until somebody asks."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

# What comes beyond the bounds of a meter is counted under this; no flow and no operation can have the name.
OTHERS = "(others)"
# Label values are few by their nature; the bound keeps a mistake from filling the memory.
_MOST_LABELLED = 500

_REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LATE_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)
_RUN_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)


class Count:
    """A number that only grows, apart for each combination of labels. Safe to use from several threads."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self.name, self.meaning, self.labels = name, meaning, tuple(labels)
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    def add(self, *labels: str, by: float = 1) -> None:
        """Add to what the labels name."""
        with self._lock:
            key = _bounded(labels, self._values)
            self._values[key] = self._values.get(key, 0) + by

    def read(self) -> list[tuple[tuple[str, ...], float]]:
        """Every combination of labels, and its number."""
        with self._lock:
            return list(self._values.items())


class Timing(NamedTuple):
    """Of one combination of labels: how many in each bucket, the last one without a bound; and their sum."""

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    sum_s: float


class Timer:
    """Seconds, counted by how many they are, apart for each combination of labels. Safe to use from several threads."""

    def __init__(self, name: str, meaning: str, bounds_s: Sequence[float], labels: Sequence[str] = ()) -> None:
        self.name, self.meaning, self.labels = name, meaning, tuple(labels)
        self.bounds_s = tuple(bounds_s)
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        if not labels:
            self._counts[()] = [0] * (len(bounds_s) + 1)

    def add(self, seconds: float, *labels: str) -> None:
        """Count one that took so long."""
        place = bisect_left(self.bounds_s, seconds)
        with self._lock:
            key = _bounded(labels, self._counts)
            counts = self._counts.setdefault(key, [0] * (len(self.bounds_s) + 1))
            counts[place] += 1
            self._sums[key] = self._sums.get(key, 0.0) + seconds

    def read(self) -> list[Timing]:
        """Every combination of labels, and what was counted of it."""
        with self._lock:
            return [Timing(key, tuple(counts), self._sums.get(key, 0.0)) for key, counts in self._counts.items()]


class FlowName(NamedTuple):
    """A flow as labels name it; the order is that of the labels."""

    account: str
    region: str
    flow: str


@dataclass(slots=True)
class FlowFigures:
    """What became of a flow's executions, in the words of AppFlow's own metrics."""

    started: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    seconds: float = 0.0
    records: int = 0


class FlowMeters:
    """Figures of each flow that ran here; those of flows beyond `most` are added up under OTHERS."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._flows: dict[FlowName, FlowFigures] = {}

    def started(self, name: FlowName) -> None:
        """An execution of the flow has begun."""
        with self._lock:
            self._of(name).started += 1

    def ended(self, name: FlowName, how: str, seconds: float, records: int) -> None:
        """An execution of the flow has ended; `how` is "succeeded", "failed" or "canceled"."""
        with self._lock:
            figures = self._of(name)
            setattr(figures, how, getattr(figures, how) + 1)
            figures.seconds += seconds
            figures.records += records

    def read(self) -> list[tuple[FlowName, FlowFigures]]:
        """The flows that ran, in the order in which they first did."""
        with self._lock:
            return [(name, replace(figures)) for name, figures in self._flows.items()]

    def _of(self, name: FlowName) -> FlowFigures:
        known = self._flows.get(name)
        if known is None:
            key = name if len(self._flows) < self._most else FlowName(OTHERS, OTHERS, OTHERS)
            known = self._flows.setdefault(key, FlowFigures())
        return known


class Meters:
    """All that one process measures; of at most `most_flows` flows each by itself."""

    def __init__(self, most_flows: int = 1000) -> None:
        self.flows = FlowMeters(most_flows)
        self.claims = Count("headrace_claims", "Executions that this process took, those included that it took again.")
        self.leases_lost = Count(
            "headrace_leases_lost", "Executions that this process held until another took them or they were deleted."
        )
        self.requests = Count("headrace_http_requests", "Answers, by operation and status.", ("operation", "status"))
        self.waits = Timer(
            "headrace_execution_wait_seconds", "From the queue to the first worker that took an execution.", _LATE_S
        )
        self.runs = Timer(
            "headrace_execution_seconds", "From the first worker that took an execution to its end.", _RUN_S
        )
        self.lateness = Timer(
            "headrace_schedule_lateness_seconds", "From the instant a flow was due to its place in the queue.", _LATE_S
        )
        self.writes = Timer(
            "headrace_store_write_seconds", "From the wish to change something to the change being durable.", _REQUEST_S
        )
        self.answers = Timer(
            "headrace_http_request_seconds", "From the head of a request to its answer.", _REQUEST_S, ("operation",)
        )

    @property
    def counts(self) -> tuple[Count, ...]:
        """Every number that only grows."""
        return (self.claims, self.leases_lost, self.requests)

    @property
    def timers(self) -> tuple[Timer, ...]:
        """Everything that is timed."""
        return (self.waits, self.runs, self.lateness, self.writes, self.answers)


def _bounded(labels: tuple[str, ...], known: Mapping[tuple[str, ...], object]) -> tuple[str, ...]:
    return labels if labels in known or len(known) < _MOST_LABELLED else (OTHERS,) * len(labels)
