"""headrace, its limit and its peers over one file: what to start, and how many records came out."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import duckdb

from bench.engine_work import document, plain_copy
from bench.whole import Failed, Whole, whole
from tests.standins.processes import plain_environment

MISSING = "not installed: make peers"
_SCRIPTS = Path(__file__).parent / "peer_runs"
_COPY = """
import sys, duckdb
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
con.execute(sys.argv[1])
"""
_COUNTED = {
    "PARQUET": "read_parquet({files})",
    "JSON": "read_ndjson_objects({files})",
    "CSV": "read_csv({files}, all_varchar=true, header=true)",
    "CSV_GZIP": "read_csv({files}, all_varchar=true, header=true, compression='gzip')",
}


class Work(NamedTuple):
    """A file to read, whose suffix is its format, AppFlow's word for what to write, and an empty folder for that."""

    source: Path
    file_type: str
    folder: Path

    @property
    def form(self) -> str:
        return self.source.suffix.removeprefix(".")


class Start(NamedTuple):
    """A program to start, and the pattern of the files that it will have written in its folder."""

    command: Sequence[str | Path]
    environment: Mapping[str, str]
    written: str


class Contender(NamedTuple):
    """`can` are the pairs of formats that it is measured at, None all; `is_faithful` if it does all of the tasks."""

    start: Callable[[Work], Start]
    can: frozenset[tuple[str, str]] | None = None
    is_faithful: bool = True


def headrace(work: Work) -> Start:
    """`headrace run` with a data folder of its own, which did not exist before."""
    flow = document(work.file_type)
    flow["sourceFlowConfig"]["sourceConnectorProperties"]["S3"] |= {
        "s3InputFormatConfig": {"s3InputFileType": work.form.upper()},
        "bucketPrefix": work.source.name,
    }
    path, lake = work.folder / "flow.json", work.folder / "lake"
    path.write_text(json.dumps(flow))
    lake.mkdir()
    environment = {"HEADRACE_BUCKETS": f"raw=file://{work.source.parent},lake=file://{lake}"}
    command = [sys.executable, "-m", "headrace", "run", path, "--data", work.folder / "data"]
    return Start(command, plain_environment(HOME=str(work.folder), **environment), "lake/**/*.*")


def duckdb_copy(work: Work) -> Start:
    """DuckDB's COPY of the SELECT by itself, without verdicts, counts and rejects: the limit."""
    statement = plain_copy(work.source, work.file_type, work.folder / "written")
    return Start([sys.executable, "-c", _COPY, statement], plain_environment(HOME=str(work.folder)), "written")


def polars(work: Work) -> Start:
    suffix = {"CSV_GZIP": "csv.gz"}.get(work.file_type, work.file_type.lower())
    path = work.folder / f"written.{suffix}"
    command = [peers_python(), _SCRIPTS / "polars_work.py", work.source, work.form, path, work.file_type]
    return Start(command, plain_environment(HOME=str(work.folder)), path.name)


def dlt(work: Work) -> Start:
    command = [peers_python(), _SCRIPTS / "dlt_work.py", work.source, work.form, work.folder]
    environment = {"RUNTIME__DLTHUB_TELEMETRY": "false"}
    return Start(command, plain_environment(HOME=str(work.folder), **environment), "lake/people/*.parquet")


def sling(work: Work) -> Start:
    """No tasks: it copies every field of every record."""
    path = work.folder / {"JSON": "written.jsonl"}.get(work.file_type, f"written.{work.file_type.lower()}")
    command = [_sling(), "run", "--src-stream", f"file://{work.source}", "--tgt-object", f"file://{path}"]
    environment = {"SLING_DISABLE_TELEMETRY": "true", "SLING_HOME_DIR": str(work.folder / "home")}
    return Start(command, plain_environment(HOME=str(work.folder), **environment), path.name)


# Sling writes Parquet only by a DuckDB that it downloads.
PEERS: Mapping[str, Contender] = {
    "Polars": Contender(polars),
    "dlt": Contender(dlt, frozenset((form, "PARQUET") for form in ("csv", "json", "parquet"))),
    "Sling": Contender(sling, frozenset({("csv", "JSON"), ("csv", "CSV")}), is_faithful=False),
}
ALL: Mapping[str, Contender] = {"headrace": Contender(headrace), "DuckDB": Contender(duckdb_copy), **PEERS}


def peers_home() -> Path:
    home = os.environ.get("APPFLOW_PEERS")
    return (Path(home) if home else Path.home() / ".cache" / "headrace" / "peers") / "venv"


def peers_python() -> Path:
    return peers_home() / "bin" / "python"


def _sling() -> Path:
    found = next(iter(peers_home().glob("lib/python3*/site-packages/sling_linux_amd64/bin/sling-linux-amd64")), None)
    return found or peers_home() / "bin" / "sling"


def is_installed(name: str) -> bool:
    if name not in PEERS:
        return True
    return (_sling() if name == "Sling" else peers_python()).is_file()


def able(names: Sequence[str], form: str, file_type: str) -> list[str]:
    """Those of the contenders that are measured at this pair of formats."""
    return [name for name in names if (can := ALL[name].can) is None or (form, file_type) in can]


def once(name: str, source: Path, file_type: str) -> tuple[Whole, int]:
    """One run beside the file, in a folder that is removed afterwards, and how many records it wrote. Raises Failed."""
    with tempfile.TemporaryDirectory(dir=source.parent.parent) as folder:
        start = ALL[name].start(Work(source, file_type, Path(folder)))
        taken = whole(start.command, start.environment, Path(folder))
        return taken, counted([str(path) for path in Path(folder).glob(start.written) if path.is_file()], file_type)


def in_turn(
    names: Sequence[str], source: Path, file_type: str, rounds: int, *, patience_s: float = 15
) -> dict[str, Whole | Failed]:
    """The medians of each contender's runs, which take turns.

    Who takes longer than `patience_s` runs once; who fails is not run again. One that does all of the tasks has
    failed as well if it wrote another number of records than the first.
    """
    runs: dict[str, list[Whole]] = {name: [] for name in names}
    failed: dict[str, Whole | Failed] = {}
    expected: int | None = None
    for _ in range(rounds):
        for name in names:
            if name in failed or any(run.seconds > patience_s for run in runs[name]):
                continue
            try:
                taken, written = once(name, source, file_type)
            except Failed as fault:
                failed[name] = fault
                continue
            expected = written if expected is None else expected
            runs[name].append(taken)
            if ALL[name].is_faithful and written != expected:
                failed[name] = Failed(f"wrote {written} records, {names[0]} {expected}")
    medians = {name: Whole(*map(median, zip(*runs[name], strict=True))) for name in names if name not in failed}
    return {name: (medians | failed)[name] for name in names}


def counted(files: list[str], file_type: str) -> int:
    """How many records the files hold together."""
    if not files:
        return 0
    with duckdb.connect() as con:
        row = con.execute(f"SELECT count(*) FROM {_COUNTED[file_type].format(files=files)}").fetchone()
    return int(row[0]) if row else 0
