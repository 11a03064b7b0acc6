"""Every format in, every format out, beside DuckDB's own plain COPY of the same SELECT.

python -m bench.formats [--records 1000000]: the work of bench.engine; medians of three, the two in turn.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

from bench import data
from bench.engine import TIMES_PLAIN, figures
from bench.engine_work import in_turn
from bench.report import Report

_FILE_TYPES = ("PARQUET", "JSON", "CSV")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    report = Report(f"Engine: formats, {given.records:,} records, 24 tasks")
    with tempfile.TemporaryDirectory() as folder:
        for form, file_type in product(data.FORMATS, _FILE_TYPES):
            source = Path(folder) / f"people.{form}"
            if not source.exists():
                data.write(source, given.records, form=form)
            ours, plain = in_turn(source, file_type)
            name = f"{form} to {file_type.lower()}"
            report.fact(f"{name}: headrace", *figures(ours))
            report.fact(f"{name}: DuckDB's plain COPY", *figures(plain))
            throughput, cpu = plain.seconds / ours.seconds, plain.cpu_s / ours.cpu_s
            report.ratio(f"{name}: throughput of plain COPY", throughput, at_least=TIMES_PLAIN)
            report.ratio(f"{name}: by CPU", cpu, at_least=TIMES_PLAIN)
            report.figure("pair", form=form, file_type=file_type, throughput=throughput, cpu=cpu)
    report.close()


if __name__ == "__main__":
    main()
