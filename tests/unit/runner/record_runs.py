"""Runs with records: a worker with the real engine, an application at either end, S3 at the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.clock import to_ms
from headrace.engine.split import Engine
from headrace.store import executions
from headrace.store.executions import Claim, Execution
from tests.standins.application import Application, Profiles, from_records, to_records
from tests.unit.runner.rig import Rig, document, rig

MAP_ALL: Mapping[str, Any] = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}
PROJECTION: Mapping[str, Any] = {
    "taskType": "Filter",
    "sourceFields": ["id", "name"],
    "connectorOperator": {"CustomConnector": "PROJECTION"},
}


def texts(records: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(json.dumps(record) for record in records)


def numbered(count: int) -> tuple[str, ...]:
    return texts({"id": number} for number in range(count))


def flow(
    *tasks: Mapping[str, Any],
    source: Mapping[str, Any] | None = None,
    destination: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A flow from S3 to S3 but for the sides that are given."""
    made = document()
    if source is not None:
        made["sourceFlowConfig"] = dict(source)
    else:
        properties = made["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]
        properties["s3InputFormatConfig"] = {"s3InputFileType": "JSON"}
    if destination is not None:
        made["destinationFlowConfigList"] = [dict(destination)]
    made["tasks"] = [dict(task) for task in tasks or (MAP_ALL,)]
    return made


@dataclass
class Runs:
    """`crm` is where records come from, `erp` where they go."""

    rig: Rig
    engine: Engine
    crm: Application = field(default_factory=Application)
    erp: Application = field(default_factory=Application)

    def __post_init__(self) -> None:
        self.profiles = Profiles(crm=self.crm, erp=self.erp)

    @property
    def parts(self) -> dict[str, Any]:
        return {"engine": self.engine, "connections": self.profiles}

    def run(self, asked: dict[str, Any], window: tuple[int, int] | None = None) -> Execution:
        return self.rig.run(asked, window, **self.parts)

    def go_on(self) -> Execution:
        """Let another worker finish the one execution."""
        with self.rig.work(**self.parts):
            return self.rig.settled()

    def put(self, *records: str) -> None:
        """Plant the records in S3."""
        self.rig.objects.objects.clear()
        self.rig.objects.objects["raw", "in/1"] = "".join(f"{record}\n" for record in records)

    def written(self) -> list[dict[str, Any]]:
        """The records of all objects of the destination, in order of their keys."""
        output = self.rig.objects.output()
        return [json.loads(line) for key in sorted(output) for line in output[key].splitlines()]

    def kept(self) -> list[dict[str, Any]]:
        """The rejects in the data folder."""
        return [json.loads(line) for text in self.rig.kept_rejects().values() for line in text.splitlines()]

    def to_erp(self, **properties: Any) -> Execution:
        return self.run(flow(destination=to_records(**properties)))

    def from_crm(self, *tasks: Mapping[str, Any]) -> Execution:
        return self.run(flow(*tasks or (dict(PROJECTION), dict(MAP_ALL)), source=from_records()))


@contextmanager
def let_go_once_told(made: Runs, go: threading.Event) -> Generator[None]:
    """Set `go` as soon as the executions that run have been told to stop."""

    def let_go() -> None:
        made.rig.until_told()
        go.set()

    thread = threading.Thread(target=let_go)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def taken_over(made: Runs) -> Claim:
    """What another worker claims at the moment at which the lease of the one execution runs out."""
    now_ms = to_ms(made.rig.clock.now())

    def take(tx: Any) -> list[Claim]:
        executions.expire_leases(tx)
        return executions.claim(tx, owner="another", now_ms=now_ms, lease_until_ms=now_ms + 60_000, limit=1)

    (claimed,) = made.rig.store.write(take).result()
    return claimed


@contextmanager
def runs(folder: Path) -> Generator[Runs]:
    engine = Engine(memory_limit_bytes=2**29, threads=1, scratch=folder / "scratch")
    try:
        with rig(folder / "data") as made:
            yield Runs(made, engine)
    finally:
        engine.close()
