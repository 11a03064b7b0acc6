"""What a split costs in processor time beside DuckDB's plain COPY of the same SELECT.

python -m bench.pace [--records 100000]: both in one process, in turn, the least of several rounds of each, since what
else runs on the machine only adds: such ratios hold on a busy one too. Prints one line of JSON, which tests/pace holds
to its bounds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from time import process_time

from bench import data
from bench.engine_work import RUNS

ROUNDS = 5
PAIRS: tuple[tuple[data.Format, str], ...] = (("csv", "PARQUET"), ("json", "JSON"), ("parquet", "PARQUET"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            f"{form} to {file_type}": ratio(Path(folder), form, file_type, given.records) for form, file_type in PAIRS
        }
    print(json.dumps(found))


def ratio(folder: Path, form: data.Format, file_type: str, records: int) -> float:
    """headrace's processor time over plain COPY's."""
    source = data.write(folder / f"people.{form}", records, form=form)
    # The first round, which warms up, is as good as none: the least counts.
    rounds = [[used_s(peer, source, file_type) for peer in ("headrace", "plain")] for _ in range(ROUNDS)]
    ours, plain = (min(each) for each in zip(*rounds, strict=True))
    return round(ours / plain, 3)


def used_s(peer: str, source: Path, file_type: str) -> float:
    """User and system time of this process, all its threads."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        begun = process_time()
        written = RUNS[peer](source, file_type, Path(folder))
        taken = process_time() - begun
    assert written
    return taken


if __name__ == "__main__":
    main()
