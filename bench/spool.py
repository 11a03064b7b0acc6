"""Whether a run works on what has come of S3 while the rest is still coming.

python -m bench.spool [--records 1000000]: a real S3 server (SeaweedFS) behind a proxy that gives out so many bytes a
second that fetching all objects takes as long as the work on them, which leaves the most to be gained or lost. A run
that did one after the other would reach half of what the slower of the two takes alone. Server and proxy have
processors of their own, as they have where they are other machines: what they take is not taken from the work.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench import data
from bench.engine_work import document
from bench.report import Report
from bench.throttled import throttled
from headrace.connector_sdk.objects import Buckets
from headrace.engine.coming import whole
from headrace.settings import Settings
from tests.standins.objects import ServerObjects
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server, s3_server, weed
from tests.standins.service import HEADRACE

_OBJECTS = 16
_ROUNDS = 3
_OVERLAP = 0.85


@dataclass(frozen=True)
class _Source:
    """So many objects of the same records, in a folder and on the server."""

    folder: Path
    server: S3Server
    size_bytes: int
    scratch: Path

    def work_s(self) -> float:
        """A run whose objects lie on this machine."""
        return self._run(f"raw=file://{self.folder}", {})

    def run_s(self, url: str) -> float:
        """A run whose objects come from the server, by way of `url`."""
        return self._run("", {**self.server.environment, "AWS_ENDPOINT_URL_S3": url})

    def transfer_s(self, url: str) -> float:
        """All objects, fetched and thrown away."""
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        bucket = Buckets(Settings(data=self.scratch, s3_endpoint=url), keys).open("raw")
        files = bucket.list(f"{self.folder.name}/")
        begun = perf_counter()
        for copy in map(whole, bucket.fetch(files, self.scratch / "fetched")):
            copy.path.unlink()
        return perf_counter() - begun

    def _run(self, buckets: str, environment: dict[str, str]) -> float:
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            (lake := Path(folder) / "lake").mkdir()
            asked = document()
            properties = asked["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]
            properties["bucketPrefix"] = "" if buckets else f"{self.folder.name}/"
            (flow := Path(folder) / "flow.json").write_text(json.dumps(asked))
            given = {"HEADRACE_BUCKETS": ",".join(filter(None, [buckets, f"lake=file://{lake}"]))}
            command = [*HEADRACE, "run", str(flow), "--data", f"{folder}/data"]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, env=os.environ | environment | given
            )
            found = re.search(r"^seconds +([\d.]+)$", done.stdout, re.MULTILINE)
            if done.returncode or found is None:
                sys.exit(f"Not a sound measurement: {done.stdout}{done.stderr}")
            return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    report = Report(f"Spooling from S3 while it is worked on: {given.records:,} records")
    program = weed()
    if program is None:
        sys.exit("No S3 server is installed: make setup")
    near, far = _parted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with _on(far):
            server = stack.enter_context(s3_server(program, Path(folder)))
        store = stack.enter_context(closing(ServerObjects(server.url, ACCESS_KEY, SECRET_KEY)))
        stack.enter_context(_on(near))
        for objects in (_OBJECTS, 1):
            _measure(report, _planted(Path(folder), server, store, objects, given.records), objects, far)
    report.close()


def _parted(cpus: set[int]) -> tuple[set[int], set[int]]:
    """Those of the run, and those of what it reads from: all for both where there is but one."""
    half = -(-len(cpus) // 2)
    ordered = sorted(cpus)
    return set(ordered[:half]), set(ordered[half:]) or cpus


@contextmanager
def _on(cpus: set[int]) -> Generator[None]:
    """Threads and processes that this thread starts within the block run on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _planted(folder: Path, server: S3Server, store: ServerObjects, objects: int, records: int) -> _Source:
    place = folder / f"of-{objects}"
    place.mkdir()
    first = data.write(place / "00.csv", records // objects)
    store.put("raw", f"{place.name}/00.csv", first.read_bytes())
    for number in range(1, objects):
        (place / f"{number:02}.csv").hardlink_to(first)
        store.put("raw", f"{place.name}/{number:02}.csv", first.read_bytes())
    return _Source(place, server, first.stat().st_size * objects, folder)


def _measure(report: Report, source: _Source, objects: int, far: set[int]) -> None:
    name = f"{objects} objects" if objects > 1 else "one object"
    with ExitStack() as stack:
        pace = source.size_bytes / source.work_s()
        with _on(far):
            url = stack.enter_context(throttled(source.server.url, pace))
        rounds = [(source.work_s(), source.transfer_s(url), source.run_s(url)) for _ in range(_ROUNDS)]
    # What else the machine does only ever adds: a median of a busy hour told of runs that beat either alone.
    work_s, transfer_s, run_s = (min(figures) for figures in zip(*rounds, strict=True))
    overlap = max(work_s, transfer_s) / run_s
    report.fact(f"{name}, {source.size_bytes / 2**20:.0f} MiB", f"{work_s:.2f} s work, {transfer_s:.2f} s transfer")
    report.fact(f"{name}: both in one run", f"{run_s:.2f} s")
    report.ratio(f"{name}: the slower alone / both", overlap, at_least=_OVERLAP)


if __name__ == "__main__":
    main()
