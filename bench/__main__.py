"""All benchmarks, each in a process of its own, on one page: `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

PARTS = (
    "engine",
    "formats",
    "latency",
    "start_up",
    "client",
    "start_flow",
    "schedules",
    "queue",
    "custom_connector",
    "rest",
)


def main() -> None:
    cores, release = os.cpu_count(), version("headrace")
    print(f"headrace {release}, Python {sys.version.split()[0]}, DuckDB {version('duckdb')}, {cores} processors")
    print("Compare ratios, not seconds: each is measured in one run on this machine.")
    failed = [part for part in PARTS if subprocess.run([sys.executable, "-m", f"bench.{part}"], check=False).returncode]
    if failed:
        sys.exit(f"\nNot as it should be: {', '.join(failed)}")


if __name__ == "__main__":
    main()
