"""Time and memory of whole processes over sizes from a thousand records to ten million: CSV in, typed Parquet out.

python -m bench.sizes [--records 1000 63000 1000000 10000000]: medians of three; who takes longer than 5 s runs once.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import data
from bench.contenders import able, in_turn
from bench.peers import installed, show
from bench.report import Report
from bench.whole import Whole

ROUNDS = 3
SIZES = (1_000, 63_000, 1_000_000, 10_000_000)
PEAK_MB = 400
# Beyond this dlt would take a minute.
_MOST = {"dlt": 1_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    report = Report("Sizes: CSV, 24 tasks, typed Parquet, whole processes")
    names = able(installed(report), "csv", "PARQUET")
    for records in given.records:
        wanted = [name for name in names if records <= _MOST.get(name, records)]
        with tempfile.TemporaryDirectory() as folder:
            source = data.write(Path(folder) / "csv" / "people.csv", records)
            _compare(report, source, wanted, records)
    report.close()


def _compare(report: Report, source: Path, names: list[str], records: int) -> None:
    taken = in_turn(names, source, "PARQUET", ROUNDS, patience_s=5)
    for name, run in taken.items():
        show(report, f"{records:,} records: {name}", run)
        if isinstance(run, Whole):
            report.figure("run", records=records, peer=name, **run._asdict())
    ours = taken["headrace"]
    if isinstance(ours, Whole):
        report.ratio(f"{records:,} records: {PEAK_MB} MB over peak memory", PEAK_MB / ours.peak_mb, at_least=1)
    else:
        report.close(is_sound=False, fault=f"{records:,} records: {ours}")


if __name__ == "__main__":
    main()
