"""CSV packed with gzip beside Polars and DuckDB: time, processor time, and how small the file is.

python -m bench.gzip_csv [--records 1000000]: the work of bench.peers as whole processes; medians of three, in turn.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import data
from bench.contenders import ALL, Work
from bench.peers import installed
from bench.report import Report
from bench.whole import Whole, whole

ROUNDS = 3
_NAMES = ("headrace", "DuckDB", "Polars")
_BLOCK = 1024 * 1024


class Packed(NamedTuple):
    """One run: what it took, and how large the file is before and after it is packed."""

    taken: Whole
    packed_bytes: int
    text_bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    report = Report(f"CSV to gzip CSV: {given.records:,} records, 24 tasks, whole processes")
    names = [name for name in installed(report) if name in _NAMES]
    with tempfile.TemporaryDirectory() as folder:
        source = data.write(Path(folder) / "csv" / "people.csv", given.records)
        rounds = [{name: _once(name, source) for name in names} for _ in range(ROUNDS)]
    medians = {name: Whole(*map(median, zip(*(run[name].taken for run in rounds), strict=True))) for name in names}
    for name, taken in medians.items():
        last = rounds[-1][name]
        size = f"{last.packed_bytes / 1e6:.1f} MB of {last.text_bytes / 1e6:.1f}"
        report.fact(name, f"{taken.seconds:6.2f} s", f"{taken.cpu_s:6.2f} CPU-s", f"{taken.peak_mb:5.0f} MB peak", size)
        report.figure("gzip", peer=name, packed_bytes=last.packed_bytes, **taken._asdict())
    if "Polars" in medians:
        polars, ours = medians["Polars"], medians["headrace"]
        report.ratio("Polars' time over ours", polars.seconds / ours.seconds, at_least=1)
        report.ratio("Polars' processor time over ours", polars.cpu_s / ours.cpu_s, at_least=1)
    report.close()


def _once(name: str, source: Path) -> Packed:
    with tempfile.TemporaryDirectory(dir=source.parent.parent) as folder:
        start = ALL[name].start(Work(source, "CSV_GZIP", Path(folder)))
        taken = whole(start.command, start.environment, Path(folder))
        (path,) = (found for found in Path(folder).glob(start.written) if found.is_file())
        # Read whole by Python's own reader, which checks the length and the checksum.
        with gzip.open(path) as text:
            return Packed(taken, path.stat().st_size, sum(map(len, iter(lambda: text.read(_BLOCK), b""))))


if __name__ == "__main__":
    main()
