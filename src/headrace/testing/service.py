"""A service for the length of a test, and what a test does with it."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headrace.applying import Account, changes_for, make, with_secrets
from headrace.client import Client, Credentials
from headrace.clock import HandClock
from headrace.documents import BadDocument, Document, Fault, read
from headrace.engine.results import SplitResult
from headrace.flow.plan import plan
from headrace.log import Log
from headrace.model.states import FINISHED
from headrace.service import Service
from headrace.settings import Settings
from headrace.store import executions, revisions
from headrace.store.tx import Tx
from headrace.testing.runs import Run, records_of

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
    client: Client

    @property
    def client_arguments(self) -> dict[str, str]:
        """What points an unmodified boto3 here: `boto3.client("appflow", **headrace.client_arguments)`."""
        return {
            "endpoint_url": self.url,
            "region_name": self.service.backend.settings.region,
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }

    def put_object(self, bucket: str, key: str, body: bytes | str) -> None:
        """Plant an object in an embedded bucket, which is made if missing, as if at the clock's present instant."""
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)
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

    def read_records(self, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
        """The records of the objects whose keys begin with the prefix: JSON Lines, Parquet, CSV with a header."""
        bodies = (self.get_object(bucket, key) for key in self.list_objects(bucket, prefix))
        return [record for body in bodies for record in records_of(body)]

    def apply(self, *documents: str | Path | Mapping[str, Any], secrets: Mapping[str, str] = _NO_SETTINGS) -> None:
        """Make flows, profiles and connectors what files say, or requests such as CreateFlow takes.

        What can't be updated is made anew. `secrets` fill in references such as ${ERP_PASSWORD}. Raises BadDocument, or
        what the service answers.
        """
        found = [with_secrets(each, secrets) for document in documents for each in _read(document)]
        faults: list[Fault | str] = [fault for each in found for fault in each.violations("none")]
        if missing := [name for each in found for name in each.missing]:
            faults.append(f"nobody gave {', '.join(missing)}: pass secrets={{...}}")
        if faults:
            raise BadDocument(faults)
        account = Account(self.client)
        make(changes_for(found, account, sends_credentials=True), account)

    def run(self, flow: str, timeout_s: float = 120, **asked: Any) -> Run:
        """Run the flow now, whatever its trigger is, and wait for its end: fail or not, it is answered.

        `asked` are members of the request, such as `filters`, `fullRefresh`, `limit` (docs/api.md). Raises
        StillRunning, and what the service answers where it does not start a run.
        """
        path = f"/headrace/v1/flows/{quote(flow, safe='')}/executions"
        started = self.client.ask("POST", path, asked)["executionId"]
        self.wait_until_settled([started], timeout_s)
        return self._run(path, self.client.ask("GET", f"{path}?ids={started}")["executions"][0])

    def runs(self, flow: str) -> list[Run]:
        """The last hundred runs of the flow, newest first; those that go on are waited for by `wait_until_idle`."""
        path = f"/headrace/v1/flows/{quote(flow, safe='')}/executions"
        found = self.client.ask("GET", f"{path}?maxResults=100")["executions"]
        return [self._run(path, each) for each in found]

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

    def _run(self, path: str, execution: Mapping[str, Any]) -> Run:
        place = f"{path}/{execution['executionId']}/rejects"
        rejects: list[dict[str, Any]] = []
        if execution["counts"]["rejected"]:
            rejects = self.client.ask("GET", f"{place}?maxResults=100")["rejects"]
        return Run.of(execution, list(self._written(execution["executionId"])), rejects)

    def _written(self, execution_id: str) -> Iterator[dict[str, Any]]:
        def find(tx: Tx) -> tuple[list[dict[str, Any]], tuple[executions.SplitRow, ...]]:
            execution = executions.get(tx, execution_id)
            found = {} if execution is None else revisions.documents_of(tx, execution.flow_id, [execution.revision])
            return list(found.values()), executions.splits(tx, execution_id)

        documents, rows = self.service.backend.store.read(find).result()
        buckets = [output.bucket for document in documents if (output := plan(document).output) is not None]
        results = [SplitResult.from_document(row.result) for row in rows if row.result is not None]
        for bucket, file in ((bucket, file) for bucket in buckets for each in results for file in each.outputs):
            # A run that failed left its files unpublished.
            if file.key in self.list_objects(bucket, file.key):
                yield from records_of(self.get_object(bucket, file.key))

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
        keys = Credentials("testing", "testing")
        client = Client(endpoint_url=service.url, region=chosen.region, credentials=keys, environment={})
        stack.callback(client.close)
        yield Headrace(url=service.url, data=chosen.data, clock=clock, service=service, client=client)


def _read(document: str | Path | Mapping[str, Any]) -> tuple[Document, ...]:
    if isinstance(document, Mapping):
        return read("the document", json.dumps(document).encode(), {})
    return read(str(document), Path(document).read_bytes(), {})
