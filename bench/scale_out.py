"""Splits over a Ray cluster of two nodes, of one, and in this process: CSV in, fifteen tasks, typed Parquet out.

python -m bench.scale_out [--records 1000 63000 1000000]: each node is `ray start` on loopback with one processor, the
head has none. The records lie in eight objects, each a split. Medians of three, in turn (ten million: one run each);
also a driver's start.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import data
from bench.engine_work import document
from bench.report import Report
from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.registry import Registry
from headrace.engine.results import Naming, SplitOrder, SplitResult
from headrace.engine.split import Engine
from headrace.engine.watch import Watch
from headrace.flow.plan import Plan, plan
from headrace.log import silent
from headrace.runner.cluster.spread import Cluster, Spread
from headrace.runner.placement import Doing, Local, Placement, Remote
from headrace.runner.sources import SplitWork
from headrace.settings import Ray, Settings
from tests.standins.ray_cluster import ray_cluster, why_not

OBJECTS = 8
ROUNDS = 3
TIMES_ONE_NODE = 1.6
# Below this a run is over before a cluster could help.
_WORTH_IT = 1_000_000
# From here on a run takes most of a minute, and runs once.
_ONCE = 10_000_000
_NAMING = Naming("bench", "execution", 1, datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Work:
    """The splits of a run, and what does them."""

    folder: Path
    plan: Plan
    works: Sequence[SplitWork]
    engine: Engine
    registry: Registry

    def doing(self) -> Doing:
        return Doing(self._here, self._there, Watch(lambda _: None), silent())

    def _here(self, work: SplitWork) -> SplitResult:
        assert self.plan.input is not None
        assert self.plan.output is not None
        place = self._place(work)
        source = self.registry.source("S3")
        order = SplitOrder(
            tasks=self.plan.tasks,
            input=self.plan.input,
            output=self.plan.output,
            number=work.number,
            files=source.fetch(self.plan.source.properties, work.files, place / "scratch"),
            fields=None,
            staging=place / "staged",
            rejects=place / "rejects",
            naming=_NAMING,
        )
        return self.engine.run_split(order, Watch(lambda _: None))

    def _there(self, work: SplitWork, remote: Remote) -> SplitResult:
        return remote(self.plan, work, _NAMING, self._place(work))

    def _place(self, work: SplitWork) -> Path:
        place = Path(tempfile.mkdtemp(prefix=f"{work.number}-", dir=self.folder))
        (place / "scratch").mkdir()
        return place


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[1_000, 63_000, 1_000_000])
    given = parser.parse_args()
    report = Report("Scale-out: CSV in eight objects, 24 tasks, typed Parquet, over Ray")
    if reason := why_not():
        report.fact(f"not measured: {reason}")
        report.close()
        return
    with ExitStack() as stack:
        data_folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        placements: dict[str, Placement] = {"in process": Local()}
        for name, nodes in {"one node": ("one",), "two nodes": ("one", "two")}.items():
            placements[name] = stack.enter_context(_spread(report, name, nodes, data_folder))
        with _work(OBJECTS, data_folder) as work:
            # Starts the nodes' processes, which stay.
            for placement in placements.values():
                _timed(placement, work)
        for records in given.records:
            _compare(report, placements, records, data_folder)
    report.close()


@contextmanager
def _spread(report: Report, name: str, nodes: Sequence[str], folder: Path) -> Generator[Spread]:
    """The placement on a cluster of these nodes, connected."""
    with ray_cluster(*nodes) as cluster:
        settings = Settings(data=folder, ray=Ray(cluster.address, 0))
        with closing(Cluster(settings, {**os.environ, **cluster.environment})) as connected:
            begun = time.perf_counter()
            connected.at_once()
            report.fact(f"{name}: the driver's start, once a worker", f"{time.perf_counter() - begun:6.2f} s")
            yield Spread(connected, settings, local=_Nobody())


class _Nobody(Local):
    """What does nothing here, so that only the cluster is measured."""

    def run(
        self,
        works: Sequence[SplitWork],
        doing: Doing,  # noqa: ARG002 (the protocol's)
    ) -> Generator[tuple[SplitWork, SplitResult]]:
        raise RuntimeError(f"{len(works)} splits were left to this process")


def _compare(report: Report, placements: Mapping[str, Placement], records: int, folder: Path) -> None:
    with _work(records, folder) as work:
        taken: dict[str, list[float]] = {name: [] for name in placements}
        written: set[int] = set()
        for _ in range(ROUNDS if records < _ONCE else 1):
            for name, placement in placements.items():
                seconds, count = _timed(placement, work)
                written.add(count)
                taken[name].append(seconds)
    if len(written) != 1:
        report.close(is_sound=False, fault=f"{written} records were written")
    medians = {name: median(each) for name, each in taken.items()}
    for name, seconds in medians.items():
        report.fact(f"{records:,} records: {name}", f"{seconds:6.2f} s", f"{records / seconds / 1000:6.0f} k records/s")
        report.figure("scale", records=records, peer=name, seconds=seconds)
    report.fact(
        f"{records:,} records: two nodes beside this process", f"{medians['two nodes'] - medians['in process']:+.2f} s"
    )
    if records >= _WORTH_IT:
        ratio = medians["one node"] / medians["two nodes"]
        report.ratio(f"{records:,} records: two nodes, times one", ratio, at_least=TIMES_ONE_NODE)


def _timed(placement: Placement, work: Work) -> tuple[float, int]:
    begun = time.perf_counter()
    with closing(placement.run(work.works, work.doing())) as results:
        found = [result for _, result in results]
    return time.perf_counter() - begun, sum(result.counts.records_written for result in found)


@contextmanager
def _work(records: int, folder: Path) -> Generator[Work]:
    settings, planned = Settings(data=folder), plan(document())
    registry = Registry.load(settings)
    engine = Engine(
        memory_limit_bytes=settings.memory_limit_bytes, threads=settings.threads, scratch=folder / "scratch"
    )
    with closing(engine), tempfile.TemporaryDirectory(dir=folder) as places:
        files = _objects(folder / "buckets" / planned.source.properties["bucketName"], records, planned, registry)
        works = [SplitWork(number, (file,), None) for number, file in enumerate(files)]
        yield Work(Path(places), planned, works, engine, registry)


def _objects(bucket: Path, records: int, planned: Plan, registry: Registry) -> Sequence[SourceFile]:
    """So many objects of the same records, in the place of those that were there."""
    shutil.rmtree(bucket, ignore_errors=True)
    folder = bucket / (planned.source.properties.get("bucketPrefix") or "in")
    first = data.write(folder / "0.csv", records // OBJECTS)
    for number in range(1, OBJECTS):
        (folder / f"{number}.csv").hardlink_to(first)
    return registry.source("S3").files(planned.source.properties)


if __name__ == "__main__":
    main()
