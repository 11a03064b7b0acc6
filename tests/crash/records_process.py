"""A worker that writes records to an application and is killed at a chosen step: `records_process.py DATA STEP`.

The steps are those of runner_process.py, but for what is published: one before and one after each batch. The
application outlives the worker: what it took lies in a file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headrace.connector_sdk.records import Batch, Page, Query, RecordConnector, Rejection, Side
from headrace.errors import NotThere
from tests.crash.runner_process import Steps, work

BATCH_SIZE = 4
REFUSED = "3"


class Application:
    """Takes records, but those of lines numbered REFUSED, and forgets nothing."""

    batch_size = BATCH_SIZE

    def __init__(self, file: Path, steps: Steps) -> None:
        self._file = file
        self._steps = steps

    def write(self, batch: Batch) -> Sequence[Rejection]:
        self._steps.take("before a batch")
        refused = [place for place, text in enumerate(batch.records) if json.loads(text)["id"].endswith(REFUSED)]
        taken = [json.loads(text) for place, text in enumerate(batch.records) if place not in refused]
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(f"{json.dumps({'key': batch.key, 'taken': taken})}\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._steps.take("after a batch")
        return [Rejection(place, "no threes") for place in refused]

    def read(self, query: Query) -> Iterator[Page]:
        raise NotThere(query.entity)

    def check(self) -> None:
        return

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        return

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return []

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return []


class Profiles:
    """Every profile leads to the one application."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def open(self, account: str, region: str, profile_name: str, connector_type: str | None = None) -> RecordConnector:
        return self._application


def received_by(data: Path) -> Path:
    return data.with_name(f"{data.name}-application.jsonl")


def work_to_application(data: Path, steps: Steps) -> None:
    """Run the queue until the execution has settled."""
    work(data, steps, Profiles(Application(received_by(data), steps)))


if __name__ == "__main__":
    work_to_application(Path(sys.argv[1]), Steps(int(sys.argv[2])))
