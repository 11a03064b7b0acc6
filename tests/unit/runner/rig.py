"""A worker on a real store, with an engine and an object store that do what a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import Clock, HandClock, SystemClock, to_ms
from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import UnreadableSource
from headrace.engine.results import Counts, DatasetDropped, SplitOrder, SplitResult, StagedFile
from headrace.engine.watch import Watch
from headrace.log import Log, silent
from headrace.model.states import FINISHED
from headrace.runner.control import Control
from headrace.runner.worker import Worker
from headrace.settings import Settings
from headrace.store import executions, flows
from headrace.store.executions import Claim, Execution, SplitRow
from headrace.store.store import Store
from tests.standins.processes import PATIENCE_S, until
from tests.unit.runner.stores import Connectors, Objects

# A thread that stands for a process ends with SystemExit.
DYING = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TWO_SPLITS = {("raw", f"in/{number:04d}"): f"{number}\n" for number in range(300)}


def document(name: str = "orders", **errors: Any) -> dict[str, Any]:
    """A flow from S3 to S3; `errors` is its errorHandlingConfig."""
    destination: dict[str, Any] = {"bucketName": "lake", "s3OutputFormatConfig": {"fileType": "JSON"}}
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": destination | _errors(errors)}}
        ],
        "tasks": [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}],
    }


def _errors(errors: Mapping[str, Any]) -> dict[str, Any]:
    return {"errorHandlingConfig": dict(errors)} if errors else {}


class LineEngine:
    """Copies lines. One that begins with `bad` is rejected, with `drop` dropped by task 0, with `dataset` ends all; a
    file that begins with `torn` can't be read.

    `on_split` is called before a split is read; `hold` keeps splits from ending until it is set or they are
    cancelled; `running` is set once a split waits for that, `stopped` once one was interrupted then.
    """

    def __init__(self) -> None:
        self.seen: list[SplitOrder] = []
        self.on_split: Callable[[SplitOrder], None] = lambda split: None
        self.hold = threading.Event()
        self.hold.set()
        self.running = threading.Event()
        self.stopped = threading.Event()
        self.is_deaf = False
        self.lie = Counts()

    def run_split(self, split: SplitOrder, watch: Watch) -> SplitResult:
        self.seen.append(split)
        self.on_split(split)
        lines = [line for file in split.files for line in _lines(file)]
        self._wait(watch)
        if any(line.startswith("dataset") for line in lines):
            raise DatasetDropped("tasks[0] Validate: a record of field a violates VALIDATE_NON_NULL")
        kinds = {kind: [line for line in lines if line.startswith(kind)] for kind in ("bad", "drop")}
        kept = [line for line in lines if not line.startswith(("bad", "drop"))]
        outputs = self._write(split, kept, split.staging, f"{split.naming.execution_id}-{split.number:05d}.json")
        rejects = self._write(split, kinds["bad"], split.rejects, f"{split.number}.json")
        counts = Counts(
            records_read=len(lines),
            records_written=len(kept),
            rejected={1: len(kinds["bad"])} if kinds["bad"] else {},
            dropped={0: len(kinds["drop"])} if kinds["drop"] else {},
            bytes_read=sum(map(len, lines)),
            bytes_written=sum(file.size_bytes for file in outputs),
        )
        return SplitResult(counts=counts.add(self.lie), outputs=outputs, rejects=rejects)

    def close(self) -> None:
        return

    def _wait(self, watch: Watch) -> None:
        self.running.set()
        while not self.hold.wait(0.005):
            if watch.cancelled and not self.is_deaf:
                self.stopped.set()
                watch.check()

    def _write(self, split: SplitOrder, lines: Iterable[str], folder: Path, name: str) -> tuple[StagedFile, ...]:
        text = "".join(f"{line}\n" for line in lines)
        if not text:
            return ()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return (StagedFile(path=str(path), key=f"{split.naming.flow_name}/{name}", size_bytes=len(text)),)


@dataclass
class Rig:
    """One data folder; `work` runs workers on it."""

    data: Path
    store: Store
    clock: Clock = field(default_factory=SystemClock)
    objects: Objects = field(default_factory=lambda: Objects({("raw", "in/1"): "a\nb\n"}))
    engine: LineEngine = field(default_factory=LineEngine)
    waited_s: list[float] = field(default_factory=list)
    log: Log = field(default_factory=silent)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connectors = Connectors(self.objects)
        self.settings = Settings(data=self.data, drain_s=0.2, lease_s=60.0)

    def worker(self, **changes: Any) -> Worker:
        parts: dict[str, Any] = {
            "store": self.store,
            "registry": self.connectors,
            "engine": self.engine,
            "clock": self.clock,
            "settings": self.settings,
            "new_id": lambda: f"worker-{next(self.numbers)}",
            "log": self.log,
            "wait": self._wait,
        }
        return Worker(**(parts | changes))

    @contextmanager
    def work(self, **changes: Any) -> Generator[Worker]:
        worker = self.worker(**changes)
        self.workers.append(worker)
        worker.start()
        try:
            yield worker
        finally:
            self.engine.hold.set()
            worker.stop()

    def queue(
        self,
        execution_id: str = "e1",
        flow: dict[str, Any] | None = None,
        window: tuple[int, int] | None = None,
        overrides: dict[str, Any] | None = None,
    ) -> str:
        """Queue an execution of the flow, which is made or changed to be the document; `window` in milliseconds."""
        asked, (from_ms, to_ms) = flow or document(), window or (None, None)
        given = {"window_from_ms": from_ms, "window_to_ms": to_ms, "overrides": overrides}
        self.store.write(lambda tx: self._queue(tx, execution_id, asked, given)).result()
        return execution_id

    def _queue(self, tx: Any, execution_id: str, asked: dict[str, Any], given: dict[str, Any]) -> None:
        name, now_ms = asked["flowName"], to_ms(self.clock.now())
        found = flows.head(tx, "1", "r", name)
        if found is None:
            flows.insert(
                tx,
                flow_id=f"id of {name}",
                account="1",
                region="r",
                name=name,
                arn=f"arn:{name}",
                trigger_type="OnDemand",
                failure_threshold=None,
                status="Active",
                kms_arn=None,
                document=asked,
                by="me",
                now_ms=now_ms,
            )
        elif not self._is(tx, name, asked):
            flows.update(
                tx,
                found,
                trigger_type="OnDemand",
                failure_threshold=None,
                status="Active",
                status_message=None,
                schema_version=found.schema_version,
                document=asked,
                by="me",
                now_ms=now_ms,
            )
        found = flows.head(tx, "1", "r", name)
        assert found is not None
        executions.insert(tx, found, execution_id=execution_id, trigger="ondemand", now_ms=now_ms, **given)

    def _is(self, tx: Any, name: str, asked: dict[str, Any]) -> bool:
        kept = flows.get(tx, "1", "r", name)
        return kept is not None and kept.document == asked

    def get(self, execution_id: str = "e1") -> Execution:
        found = self.store.read(lambda tx: executions.get(tx, execution_id)).result()
        assert found is not None
        return found

    def splits(self, execution_id: str = "e1") -> tuple[SplitRow, ...]:
        return self.store.read(lambda tx: executions.splits(tx, execution_id)).result()

    def cancel(self, execution_id: str = "e1") -> bool:
        now_ms = to_ms(self.clock.now())
        return self.store.write(lambda tx: executions.cancel(tx, execution_id, now_ms=now_ms)).result()

    def until_told(self) -> None:
        """Wait until the executions of the newest worker have been told to stop, which each sees at its next step."""
        leases = self.workers[-1]._leases
        until(lambda: all(control.reason for control in leases._snapshot().values()))

    def until(self, is_so: Callable[[Execution], bool], execution_id: str = "e1") -> Execution:
        """The execution once `is_so`, waited for."""
        changed = threading.Event()
        unwatch = self.store.watch(lambda topic: changed.set())
        try:
            for _ in range(int(PATIENCE_S / 0.1)):
                found = self.get(execution_id)
                if is_so(found):
                    return found
                changed.wait(0.1)
                changed.clear()
        finally:
            unwatch()
        raise AssertionError(f"execution {execution_id} is {self.get(execution_id)}")

    def settled(self, execution_id: str = "e1") -> Execution:
        return self.until(lambda found: found.state in FINISHED, execution_id)

    def run(
        self, flow: dict[str, Any] | None = None, window: tuple[int, int] | None = None, **changes: Any
    ) -> Execution:
        """Queue one execution and run it to its end."""
        self.queue("e1", flow, window)
        with self.work(**changes):
            return self.settled("e1")

    def counts(self, execution_id: str = "e1") -> Counts:
        found = self.get(execution_id).counts
        assert found is not None
        return Counts.from_document(found)

    def left_over(self) -> list[str]:
        """What still lies in the staging folder."""
        staging = self.data / "staging"
        return sorted(str(path.relative_to(staging)) for path in staging.rglob("*")) if staging.exists() else []

    def kept_rejects(self) -> dict[str, str]:
        """The rejects in the data folder."""
        folder = self.data / "rejects"
        return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}

    def _wait(self, control: Control, seconds: float) -> None:
        self.waited_s.append(seconds)
        control.check()


@contextmanager
def rig(data: Path, *, turned_by_hand: bool = False, **settings: Any) -> Generator[Rig]:
    store = Store.open(data)
    try:
        made = Rig(data, store, HandClock(START) if turned_by_hand else SystemClock())
        made.settings = replace(made.settings, **settings)
        yield made
    finally:
        store.close()


def claim(rig: Rig, owner: str = "another", *, lease_ms: int = 60_000) -> Claim:
    """Take the one execution as another worker would."""
    now_ms = to_ms(rig.clock.now())
    (claimed,) = rig.store.write(
        lambda tx: executions.claim(tx, owner=owner, now_ms=now_ms, lease_until_ms=now_ms + lease_ms, limit=1)
    ).result()
    return claimed


def _lines(file: LocalFile) -> list[str]:
    text = Path(file.path).read_text("utf-8")
    if text.startswith("torn"):
        raise UnreadableSource(f"{file.name} is torn", file.name)
    return text.splitlines()


def expire(rig: Rig) -> None:
    rig.store.write(executions.expire_leases).result()


def hold(rig: Rig) -> None:
    """Keep splits from ending until the rig's `hold` is set."""
    rig.engine.hold.clear()


def wait_for(event: threading.Event) -> None:
    assert event.wait(PATIENCE_S)


class Death:
    """Ends the thread of an execution without a word, as if its process had been killed."""

    def __init__(self, at_call: int) -> None:
        self._left = at_call
        self.came = threading.Event()

    def __call__(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            self.came.set()
            raise SystemExit


def run_until_dead(rig: Rig, death: Death, **parts: Any) -> None:
    """Work until the death has come, and let the execution be claimed again."""
    with rig.work(**parts):
        wait_for(death.came)
    expire(rig)
