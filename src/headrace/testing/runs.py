"""A run as a test looks at it: how it ended, what became of the records, what it wrote."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_PARQUET = b"PAR1"


@dataclass(frozen=True)
class Run:
    """An execution that has ended, well or not.

    `status` is AppFlow's: Successful, Error or Canceled. `dropped` counts by the index of the task. `records` is what
    the run wrote to its S3 destination, in the order of its files; values of CSV are texts. `rejects` are the first
    hundred.
    """

    execution_id: str
    status: str
    message: str
    read: int
    written: int
    rejected: int
    dropped: Mapping[int, int]
    records: list[dict[str, Any]]
    rejects: list[dict[str, Any]]

    @classmethod
    def of(cls, execution: Mapping[str, Any], records: list[dict[str, Any]], rejects: list[dict[str, Any]]) -> Run:
        """Make one of what headrace tells of an execution."""
        counts: Mapping[str, Any] = execution["counts"]
        return cls(
            execution_id=execution["executionId"],
            status=execution["executionStatus"],
            message=execution.get("message", ""),
            read=counts["read"],
            written=counts["written"],
            rejected=counts["rejected"],
            dropped={int(task): count for task, count in counts["dropped"].items()},
            records=records,
            rejects=rejects,
        )


def records_of(body: bytes) -> list[dict[str, Any]]:
    """The records of a file of JSON Lines, Parquet or CSV with a header, whichever it is."""
    if body.startswith(_PARQUET):
        return _of_parquet(body)
    text = body.decode()
    if text.lstrip().startswith("{"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return [dict(row) for row in csv.DictReader(StringIO(text, newline=""))]


def _of_parquet(body: bytes) -> list[dict[str, Any]]:
    with TemporaryDirectory(prefix="headrace-") as folder:
        path = Path(folder) / "records.parquet"
        path.write_bytes(body)
        found = import_module("duckdb").execute("SELECT * FROM read_parquet($1)", [str(path)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
