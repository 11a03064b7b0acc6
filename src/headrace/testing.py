"""A whole headrace in the process of a test: real HTTP, real store, real engine, a clock turned by hand."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

from headrace.clock import HandClock
from headrace.log import Log
from headrace.model.states import FINISHED
from headrace.service import Service
from headrace.settings import Settings
from headrace.store import executions

# Where the clock stands at first, so that keys with dates in them are the same in every run of a test.
START = datetime(2026, 1, 1, tzinfo=UTC)
_NO_SETTINGS: Mapping[str, str] = {}


class StillRunning(AssertionError):
    """An execution did not end in the time that a test gave it."""


@dataclass(frozen=True)
class Headrace:
    """A running service; `clock` stands still until it is turned.

    `data` holds everything, the embedded buckets too: no store outside the machine is spoken to
    unless the settings name one.
    """

    url: str
    data: Path
    clock: HandClock
    service: Service

    @property
    def client_arguments(self) -> dict[str, str]:
        """What points an unmodified boto3 here: `boto3.client("appflow", **headrace.client_arguments)`."""
        return {
            "endpoint_url": self.url,
            "region_name": self.service.backend.settings.region,
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Plant an object in an embedded bucket, which is made if missing, as if at the clock's present instant."""
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        now_s = self.clock.now().timestamp()
        os.utime(path, (now_s, now_s))

    def get_object(self, bucket: str, key: str) -> bytes:
        """The object's bytes; FileNotFoundError if there is none."""
        return self._path(bucket, key).read_bytes()

    def list_objects(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys in an embedded bucket that begin with the prefix, sorted; none if there is no such bucket."""
        folder = self.data / "buckets" / bucket
        keys = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return sorted(key for key in keys if key.startswith(prefix))

    def turn(self, by: timedelta) -> None:
        """Turn the clock; the runs of scheduled flows that are due by then are queued when this returns.

        A flow of which several ticks have passed runs once: turn by less than its interval to see each.
        """
        self.clock.turn(by)
        self.service.backend.scheduler.look()
        self.service.backend.listener.rouse()

    def wait_until_idle(self, timeout_s: float = 120) -> None:
        """Return once no execution waits or runs; StillRunning after the timeout."""
        self._wait(lambda: self.service.backend.store.read(executions.unfinished).result(), timeout_s)

    def wait_until_settled(self, execution_ids: Iterable[str], timeout_s: float = 120) -> None:
        """Return once every one of the executions has ended, well or not; StillRunning after the timeout."""
        wanted = tuple(execution_ids)
        self._wait(lambda: self._unfinished(wanted), timeout_s)

    def _wait(self, left: Callable[[], list[str]], timeout_s: float) -> None:
        changed, given_up = threading.Event(), threading.Event()
        timer = threading.Timer(timeout_s, lambda: (given_up.set(), changed.set()))
        unwatch = self.service.backend.store.watch(lambda _: changed.set())
        timer.start()
        try:
            while unfinished := left():
                if given_up.is_set():
                    raise StillRunning(f"still running after {timeout_s} s: {', '.join(unfinished)}")
                changed.wait()
                changed.clear()
        finally:
            timer.cancel()
            unwatch()

    def _unfinished(self, execution_ids: Iterable[str]) -> list[str]:
        store = self.service.backend.store
        found = store.read(lambda tx: [executions.get(tx, each) for each in execution_ids]).result()
        return [each.execution_id for each in found if each is not None and each.state not in FINISHED]

    def _path(self, bucket: str, key: str) -> Path:
        folder = self.data / "buckets" / bucket
        path = folder / key
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"the key {key!r} leads out of its bucket")
        return path


@contextmanager
def running(
    data: Path | None = None,
    *,
    start: datetime = START,
    settings: Mapping[str, str] = _NO_SETTINGS,
    log: Log | None = None,
    entries: Iterable[EntryPoint] | None = None,
) -> Generator[Headrace]:
    """Run a service on a free loopback port for the length of the block.

    `data` None: a temporary folder that goes with the block; a folder given stays, so that a
    second block goes on with it. `settings` are environment variables (`HEADRACE_LIMITS`, …): the
    test's own environment is not read. `entries` are the connectors that there are, None: those that are
    installed. As a fixture:

        @pytest.fixture
        def headrace(tmp_path):
            with running(tmp_path) as service:
                yield service
    """
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headrace-")))
        clock = HandClock(start)
        chosen = Settings.from_environment(settings, data=folder.absolute(), port=0)
        service = Service(chosen, clock, log=log, entries=entries)
        service.start()
        stack.callback(service.stop)
        yield Headrace(url=service.url, data=chosen.data, clock=clock, service=service)
