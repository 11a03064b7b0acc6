"""The engine with verdicts, counts and rejects beside DuckDB's own plain COPY of the same SELECT.

python -m bench.engine [--records 1000000 10000000]: CSV in, fifteen tasks, typed Parquet out, each
run in a process of its own, the two in turn; medians of three.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import data
from bench.engine_work import Run, in_turn
from bench.report import Report

TIMES_PLAIN = 1 / 1.3
_PEAK_MB = 700


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[1_000_000, 10_000_000])
    given = parser.parse_args()
    report = Report("Engine: CSV, 24 tasks, typed Parquet")
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for records in given.records:
            source = data.write(Path(folder) / "people.csv", records)
            peaks.append(_compare(report, source, records))
    report.ratio("Peak memory: first size over last", peaks[0] / peaks[-1], at_least=0.8)
    report.close()


def _compare(report: Report, source: Path, records: int) -> float:
    """Measure both over the same file; headrace's peak memory in MB."""
    ours, plain = in_turn(source)
    report.fact(f"{records:,} records: headrace", *figures(ours))
    report.fact(f"{records:,} records: DuckDB's plain COPY", *figures(plain))
    report.ratio(f"{records:,} records: throughput of plain COPY", plain.seconds / ours.seconds, at_least=TIMES_PLAIN)
    report.ratio(f"{records:,} records: {_PEAK_MB} MB over peak memory", _PEAK_MB / ours.peak_mb, at_least=1)
    return ours.peak_mb


def figures(run: Run) -> list[str]:
    return [f"{run.seconds:6.2f} s", f"{run.cpu_s:6.2f} CPU-s", f"{run.peak_mb:5.0f} MB peak"]


if __name__ == "__main__":
    main()
