"""From an S3 server to it: whole processes, one object of CSV to typed Parquet, beside the same run over local files.

python -m bench.s3 [--records 1000000]: SeaweedFS on loopback, whose own work is on the same processors; medians of
three, in turn. Polars' streaming engine reads and writes S3 by itself. `--records 12000000` makes an object of 3 GB.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

import boto3

from bench import data
from bench.contenders import ALL, Start, Work, counted, is_installed, polars
from bench.peers import show
from bench.report import Report
from bench.whole import Whole, whole
from tests.standins.objects import ServerObjects
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server, s3_server, weed

ROUNDS = 3
PEAK_MB = 400
# Polars wants to be told that a server speaks plain HTTP.
_PLAIN_HTTP = {"AWS_ALLOW_HTTP": "true"}
# A run that takes longer than this is not repeated.
_PATIENCE_S = 30.0
_LIMIT_S = 900.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    report = Report(f"S3 to S3: {given.records:,} records of CSV, 24 tasks, whole processes")
    program = weed()
    if program is None:
        sys.exit("No S3 server is installed: make setup")
    with tempfile.TemporaryDirectory() as name, s3_server(program, Path(name)) as server:
        with closing(ServerObjects(server.url, ACCESS_KEY, SECRET_KEY)) as store:
            source = _planted(Path(name), server, store, given.records)
            taken = _in_turn(source, server, store)
        for peer, run in taken.items():
            show(report, peer, run)
            report.figure("run", peer=peer, records=given.records, **run._asdict())
        ours = taken["headrace"]
        report.fact("throughput of local files", f"{taken['headrace, local files'].seconds / ours.seconds:.2f}×")
        report.ratio(f"{PEAK_MB} MB over peak memory", PEAK_MB / ours.peak_mb, at_least=1)
    report.close()


def _planted(folder: Path, server: S3Server, store: ServerObjects, records: int) -> Path:
    source = data.write(folder / "raw" / "people.csv", records)
    store.make("raw")
    store.make("lake")
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    with closing(boto3.client("s3", endpoint_url=server.url, region_name="us-east-1", **keys)) as client:
        client.upload_file(str(source), "raw", source.name)
    return source


def _in_turn(source: Path, server: S3Server, store: ServerObjects) -> dict[str, Whole]:
    starts: dict[str, Callable[[Path], Start]] = {
        "headrace": partial(_headrace, source, server),
        "headrace, local files": lambda folder: ALL["headrace"].start(Work(source, "PARQUET", folder)),
    }
    if is_installed("Polars"):
        starts["Polars"] = partial(_polars, source, server)
    runs: dict[str, list[Whole]] = {name: [] for name in starts}
    written: dict[str, int] = {}
    for turn in range(ROUNDS):
        for name, start in starts.items():
            if runs[name] and runs[name][0].seconds > _PATIENCE_S:
                continue
            with tempfile.TemporaryDirectory(dir=source.parent) as folder:
                begun = start(Path(folder))
                runs[name].append(whole(begun.command, begun.environment, Path(folder), limit_s=_LIMIT_S))
                if not turn:
                    written[name] = _written(store, Path(folder), begun.written)
    if len(set(written.values())) > 1:
        sys.exit(f"Not a sound measurement: not the same number of records: {written}")
    return {name: Whole(*map(median, zip(*taken, strict=True))) for name, taken in runs.items()}


def _headrace(source: Path, server: S3Server, folder: Path) -> Start:
    """What `bench.peers` starts, with the buckets of the server."""
    start = ALL["headrace"].start(Work(source, "PARQUET", folder))
    environment = _without_buckets(start.environment) | server.environment
    flow = json.loads((folder / "flow.json").read_text())
    [destination] = flow["destinationFlowConfigList"]
    destination["destinationConnectorProperties"]["S3"]["bucketPrefix"] = "headrace"
    (folder / "flow.json").write_text(json.dumps(flow))
    return start._replace(environment=environment, written="headrace/")


def _without_buckets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != "HEADRACE_BUCKETS"}


def _polars(source: Path, server: S3Server, folder: Path) -> Start:
    start = polars(Work(source, "PARQUET", folder))
    command = [*start.command]
    command[2], command[4] = f"s3://raw/{source.name}", "s3://lake/polars/people.parquet"
    environment = {**start.environment, **server.environment, **_PLAIN_HTTP}
    environment["AWS_ENDPOINT_URL"] = server.url
    return Start(command, environment, "polars/")


def _written(store: ServerObjects, folder: Path, place: str) -> int:
    """How many records the run wrote: to a place in the bucket, or to files."""
    if not place.endswith("/"):
        return counted([str(path) for path in folder.glob(place) if path.is_file()], "PARQUET")
    copies: list[str] = []
    for number, body in enumerate(store.read("lake", place).values()):
        (copy := folder / f"copy-{number}").write_bytes(body)
        copies.append(str(copy))
    return counted(copies, "PARQUET")


if __name__ == "__main__":
    main()
