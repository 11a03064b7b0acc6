"""headrace beside what else could do the work: whole processes, from their start to their end, the same file.

python -m bench.peers [--records 1000000]: `headrace run`, DuckDB's COPY of the same SELECT (the limit), Polars'
streaming engine, dlt's Arrow path, and Sling, which copies without tasks; medians of three, in turn.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import data
from bench.contenders import ALL, MISSING, able, in_turn, is_installed
from bench.report import Report
from bench.whole import Failed, Whole

ROUNDS = 3
PAIRS: tuple[tuple[data.Format, str], ...] = (
    ("csv", "PARQUET"),
    ("csv", "JSON"),
    ("csv", "CSV"),
    ("csv", "CSV_GZIP"),
    ("json", "PARQUET"),
    ("parquet", "PARQUET"),
)
# How many times as fast headrace is to be; beside Polars only where files are packed.
TARGETS = {"dlt": 3.0, "Sling": 15.0}
PACKED = {"Polars": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    report = Report(f"Peers: {given.records:,} records, 24 tasks, whole processes")
    names = installed(report)
    with tempfile.TemporaryDirectory() as folder:
        for form, file_type in PAIRS:
            source = Path(folder) / form / f"people.{form}"
            if not source.exists():
                data.write(source, given.records, form=form)
            compare(report, source, file_type, able(names, form, file_type), given.records)
    report.close()


def installed(report: Report) -> list[str]:
    """The contenders that there are; those that are missing get a line."""
    for name in ALL:
        if not is_installed(name):
            report.fact(name, MISSING)
    return [name for name in ALL if is_installed(name)]


def compare(report: Report, source: Path, file_type: str, names: list[str], records: int) -> None:
    form = source.suffix.removeprefix(".")
    pair = f"{form} to {file_type.lower().replace('_', ' ')}"
    taken = in_turn(names, source, file_type, ROUNDS)
    for name, run in taken.items():
        show(report, f"{pair}: {name}", run)
        if isinstance(run, Whole):
            report.figure("run", form=form, file_type=file_type, records=records, peer=name, **run._asdict())
        else:
            report.figure("failed", form=form, file_type=file_type, records=records, peer=name, why=str(run))
    ours = taken["headrace"]
    if isinstance(ours, Failed):
        report.close(is_sound=False, fault=f"{pair}: {ours}")
        return
    for name, target in (PACKED if file_type == "CSV_GZIP" else TARGETS).items():
        if isinstance(run := taken.get(name), Whole):
            report.ratio(f"{pair}: {name}'s time over ours", run.seconds / ours.seconds, at_least=target)


def show(report: Report, name: str, run: Whole | Failed) -> None:
    if isinstance(run, Whole):
        report.fact(name, f"{run.seconds:6.2f} s", f"{run.cpu_s:6.2f} CPU-s", f"{run.peak_mb:5.0f} MB peak")
    else:
        report.fact(name, str(run))


if __name__ == "__main__":
    main()
