"""Two thousand small objects beside one that holds the same records: the engine, and whole runs over folders.

python -m bench.small_files [--records 1000000] [--files 2000]: the work of bench.engine, means of two in turn; the
small ones to one output file, and to one for each, as a flow does that says nothing about it. `by DuckDB`: its plain
COPY, over the one file, and over each of the small ones (every tenth of them is run, and counts for ten).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import duckdb

from bench import data
from bench.contenders import counted
from bench.engine_work import document, plain_copy, run_engine
from bench.report import Report
from bench.whole import whole
from tests.standins.processes import plain_environment

ROUNDS = 2
# DuckDB by itself takes a minute for two thousand.
_EVERY = 10
_SAMPLED = "by DuckDB: to each"
TIMES_ONE = 1 / 1.5
_WORK: tuple[tuple[data.Format, str], ...] = (
    ("csv", "PARQUET"),
    ("csv", "CSV"),
    ("json", "PARQUET"),
    ("json", "JSON"),
    ("parquet", "PARQUET"),
)
_SINGLE = {"aggregationConfig": {"aggregationType": "SingleFile"}}


def main() -> None:
    given = _arguments()
    if given.run:
        _run(*given.run)
        return
    report = Report(f"Small files: {given.files:,} of {given.records // given.files:,} records each, 24 tasks")
    with tempfile.TemporaryDirectory() as folder:
        for form, file_type in _WORK:
            one, many = _sources(Path(folder), form, given.records, given.files)
            _compare(report, f"{form} to {file_type.lower()}", _runs(one, many, file_type))
    report.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--run", nargs=3, metavar=("WAY", "FOLDER", "FILE_TYPE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _sources(root: Path, form: data.Format, records: int, files: int) -> tuple[Path, Path]:
    """A folder with one file, and one with its records in so many; the suffix of each is the format."""
    one, many = root / f"one.{form}", root / f"many.{form}"
    if not one.exists():
        data.write(one / f"people.{form}", records, form=form)
        data.write_parts(many, records, files, form=form)
    return one, many


def _runs(one: Path, many: Path, file_type: str) -> Mapping[str, Callable[[], tuple[float, int]]]:
    """For each way the CPU seconds that it takes, and how many records it writes."""

    def engine(way: str, folder: Path) -> Callable[[], tuple[float, int]]:
        command = [sys.executable, "-m", "bench.small_files", "--run", way, str(folder), file_type]
        return lambda: tuple(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))

    return {
        "engine: one": engine("single", one),
        "engine: to one": engine("single", many),
        "engine: to each": engine("each", many),
        "by DuckDB: one": engine("plain", one),
        _SAMPLED: engine("plain", many),
        "run: one": lambda: _whole_run(one, file_type, single=True),
        "run: to one": lambda: _whole_run(many, file_type, single=True),
        "run: to each": lambda: _whole_run(many, file_type, single=False),
    }


def _compare(report: Report, name: str, runs: Mapping[str, Callable[[], tuple[float, int]]]) -> None:
    rounds = [{way: run() for way, run in runs.items()} for _ in range(ROUNDS)]
    if len({written for taken in rounds for way, (_, written) in taken.items() if way != _SAMPLED}) > 1:
        report.close(is_sound=False, fault=f"{name}: not the same number of records everywhere: {rounds[0]}")
    cpu_s = {way: mean(taken[way][0] for taken in rounds) for way in runs}
    for way, seconds in cpu_s.items():
        where, _, what = way.partition(": ")
        report.fact(f"{name}, {way}", f"{seconds:6.2f} CPU-s")
        if what == "one":
            continue
        times = cpu_s[f"{where}: one"] / seconds
        if where == "by DuckDB":
            report.fact(f"{name}, {way}: throughput of one file", f"{times:.2f}×")
        else:
            report.ratio(f"{name}, {way}: throughput of one file", times, at_least=TIMES_ONE)
        report.figure("small", pair=name, way=way, cpu_s=seconds, times=times)


def _whole_run(source: Path, file_type: str, *, single: bool) -> tuple[float, int]:
    """`headrace run` with a data folder of its own."""
    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        folder = Path(name)
        flow = _document(file_type, single=single)
        flow["sourceFlowConfig"]["sourceConnectorProperties"]["S3"] |= {
            "s3InputFormatConfig": {"s3InputFileType": source.suffix.removeprefix(".").upper()},
            "bucketPrefix": source.name,
        }
        path, lake = folder / "flow.json", folder / "lake"
        path.write_text(json.dumps(flow))
        lake.mkdir()
        environment = plain_environment(
            HOME=str(folder), HEADRACE_BUCKETS=f"raw=file://{source.parent},lake=file://{lake}"
        )
        command = [sys.executable, "-m", "headrace", "run", path, "--data", folder / "data"]
        taken = whole(command, environment, folder)
        return taken.cpu_s, counted([str(path) for path in lake.glob("**/*.*") if path.is_file()], file_type)


def _document(file_type: str, *, single: bool) -> dict[str, Any]:
    flow = document(file_type)
    if single:
        properties = flow["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]
        properties["s3OutputFormatConfig"] |= _SINGLE
    return flow


def _run(way: str, folder: str, file_type: str) -> None:
    """One run in this process: what `_runs` starts."""
    source = Path(folder)
    files = sorted(source.iterdir())
    counts = _EVERY if way == "plain" and len(files) > _EVERY else 1
    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        before = _cpu_s()
        if way == "plain":
            written = _plain(files[::counts], file_type, Path(name))
        else:
            written = run_engine(_document(file_type, single=way == "single"), files, Path(name))
        taken = _cpu_s() - before
    print(json.dumps([taken * counts, written]))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _plain(files: Sequence[Path], file_type: str, folder: Path) -> int:
    written = 0
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for place, file in enumerate(files):
            row = con.execute(plain_copy(file, file_type, folder / f"{place}")).fetchone()
            written += int(row[0]) if row else 0
    return written


if __name__ == "__main__":
    main()
