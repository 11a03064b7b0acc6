"""What `headrace cluster check` looks at, one thing after another; nothing is run or changed by it."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from headrace.cli.examining import Finding
from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.registry import Registry
from headrace.errors import ConnectorError, HeadraceError
from headrace.flow.plan import Plan
from headrace.runner.cluster.messages import ClusterUnusable, Found, mark
from headrace.runner.cluster.spread import Cluster
from headrace.runner.grouping import SPLIT_BYTES, grouped
from headrace.runner.placement import stays_because
from headrace.runner.sources import SplitWork
from headrace.settings import Settings
from headrace.version import version

_MIB, _GIB = 2**20, 2**30


@dataclass(frozen=True)
class Flow:
    """A flow that is asked about."""

    name: str
    plan: Plan


def checked(settings: Settings, environment: Mapping[str, str], flows: Sequence[Flow]) -> Iterator[Finding]:
    """What would happen to runs, in the order in which one depends on the other."""
    if settings.ray.address is None:
        yield Finding("cluster", "note", "HEADRACE_RAY_ADDRESS is not set: every run stays on this machine")
        return
    try:
        here = importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError:
        yield Finding("cluster", "fault", "Ray is not installed here: pip install 'headrace[ray]'")
        return
    yield Finding("here", "ok", f"headrace {version()}, Ray {here}, Python {platform.python_version()}")
    registry = Registry.load(settings, environment=environment)
    folders = _folders(registry, flows)
    with closing(Cluster(settings, environment)) as cluster:
        try:
            found = cluster.look(list(folders.values()))
            yield from _nodes(settings, found)
            yield _room(cluster, settings)
        except HeadraceError as error:
            yield Finding("cluster", "fault", f"{error.message}. Runs go on here until it can be used")
            return
    yield from _seen(folders, found)
    unseen = {name for number, name in enumerate(folders) if not _is_seen(number, folders[name], found)}
    for flow in flows:
        yield _where(settings, registry, flow, unseen)


def _nodes(settings: Settings, found: Sequence[Found]) -> Iterator[Finding]:
    cpus = sum(each.machine.cpus for each in found)
    yield Finding("cluster", "ok", f"{settings.ray.address} answers: {len(found)} nodes, {cpus:g} processors")
    for each in found:
        has = f"{each.machine.cpus:g} processors, {each.machine.memory_bytes / _GIB:.1f} GiB"
        about = f"node {each.machine.name}"
        if each.fault:
            yield Finding(about, "fault", f"{has}; headrace can't run there: {each.fault}")
        elif each.headrace != version():
            yield Finding(about, "fault", f"{has}; has headrace {each.headrace}, here is {version()}: install the same")
        else:
            yield Finding(about, "ok", f"{has}; headrace {each.headrace}, Ray {each.ray}, Python {each.python}")


def _room(cluster: Cluster, settings: Settings) -> Finding:
    each = f"each has {settings.ray.cpus} processors and {settings.ray.memory_bytes // _MIB:,} MiB"
    try:
        return Finding(
            "splits", "ok", f"{cluster.at_once()} run at once; {each} (HEADRACE_RAY_CPUS, HEADRACE_RAY_MEMORY)"
        )
    except ClusterUnusable as error:
        return Finding("splits", "fault", error.message)


def _folders(registry: Registry, flows: Sequence[Flow]) -> dict[str, str]:
    """Where the buckets that these flows read lie, of those that are folders, by their names."""
    names = [flow.plan.source.properties.get("bucketName") for flow in flows if flow.plan.reading is None]
    buckets = {name: registry.buckets.open(name) for name in names if name}
    return {name: str(bucket.folder) for name, bucket in buckets.items() if isinstance(bucket, FolderBucket)}


def _seen(folders: Mapping[str, str], found: Sequence[Found]) -> Iterator[Finding]:
    yield Finding("sources", "ok", "nodes fetch objects from stores themselves, with the keys that this process has")
    for number, (name, folder) in enumerate(folders.items()):
        if _is_seen(number, folder, found):
            yield Finding(f"bucket {name}", "ok", f"every node sees {folder} as this machine does")
        else:
            said = f"not every node sees {folder} as this machine does: flows that read there run here"
            yield Finding(f"bucket {name}", "note", said)
    yield Finding("results", "ok", "come back through Ray into the data folder, and are durable here before they count")


def _is_seen(number: int, folder: str, found: Sequence[Found]) -> bool:
    ours = mark(folder)
    return all(each.marks[number] == ours for each in found if each.marks and each.machine.cpus)


def _where(settings: Settings, registry: Registry, flow: Flow, unseen: set[str]) -> Finding:
    about, plan = f"flow {flow.name}", flow.plan
    if plan.reading is not None:
        return Finding(about, "ok", "stays here: the pages of an application are read one after the other")
    try:
        files = registry.source(plan.source.connector_type).files(plan.source.properties)
    except ConnectorError as error:
        return Finding(about, "fault", error.message)
    groups = grouped(files, is_single=plan.output is not None and plan.output.is_single_file)
    works = [SplitWork(number, group, None) for number, group in enumerate(groups)]
    what = f"{len(files)} objects, {sum(file.size_bytes for file in files) / _MIB:,.1f} MiB, {len(works)} splits"
    if reason := stays_because(works, from_bytes=settings.ray.from_bytes):
        return Finding(about, "ok", f"stays here: {reason} ({what})")
    if plan.source.properties.get("bucketName") in unseen:
        return Finding(about, "note", f"stays here: not every node sees its files ({what})")
    return Finding(about, "ok", f"goes to the cluster: {what}{_largest(files)}")


def _largest(files: Sequence[SourceFile]) -> str:
    """That one object takes as long as it takes, where one is larger than a split should be."""
    largest = max(files, key=lambda file: file.size_bytes)
    if largest.size_bytes <= SPLIT_BYTES:
        return ""
    return f"; {largest.name} alone has {largest.size_bytes / _MIB:,.1f} MiB, which one node reads: objects are not cut"
