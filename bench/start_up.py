"""How soon the command line answers, and how soon the service does."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.request import urlopen

from bench.report import Report
from tests.standins.service import HEADRACE, ServiceProcess

ROUNDS = 5


def main() -> None:
    report = Report("Starting up")
    report.seconds("headrace --help", median(help_s() for _ in range(ROUNDS)), at_most=0.15)
    report.seconds("headrace serve, until /healthz answers", median(serve_s() for _ in range(ROUNDS)), at_most=1.5)
    report.close()


def help_s() -> float:
    begun = perf_counter()
    subprocess.run([*HEADRACE, "--help"], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - begun


def serve_s() -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = perf_counter()
        with closing(ServiceProcess(Path(folder) / "data")) as service, urlopen(f"{service.url}/healthz") as answer:
            assert answer.status == 200
            return perf_counter() - begun


if __name__ == "__main__":
    main()
