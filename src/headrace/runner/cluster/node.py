"""What runs on a node of the cluster: one split, from its objects to pieces of its files in Ray's object store."""

from __future__ import annotations

import fcntl
import os
import pickle
import platform
import shutil
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import ray

from headrace.connector_sdk.contract import LocalFile
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.objects import Buckets
from headrace.connector_sdk.registry import Registry
from headrace.engine.results import Counts, SplitOrder, SplitResult, StagedFile
from headrace.engine.split import Engine
from headrace.engine.watch import Watch
from headrace.errors import Stop
from headrace.runner.cluster.failures import failure_of
from headrace.runner.cluster.messages import ClusterUnusable, Failure, Order, mark
from headrace.version import version

# What is held in memory at a time, here and where it goes.
PIECE_BYTES = 16 * 1024 * 1024
# How soon a cancellation is seen: Ray interrupts Python, not what waits for a lock.
_LOOK_S = 0.1
_PREFIX = "headrace-split-"


@dataclass(frozen=True)
class Made:
    """A split that was done. The paths of its files are relative; of each, `pieces` has its bytes in order."""

    result: SplitResult
    pieces: Mapping[str, tuple[object, ...]]


def run_split(sender: str, packed: bytes, parent: Path | None = None) -> Made | Failure:
    """Run the packed order of a headrace of the version `sender`, in a folder of `parent`. Never raises.

    `parent` None: where this node has temporary files.
    """
    node = platform.node()
    if sender != version():
        return Failure("unusable", f"The node {node} has headrace {version()}, this machine {sender}; install the same")
    try:
        with _scratch(parent or Path(tempfile.gettempdir())) as folder:
            result = _watched(partial(_run, _unpacked(packed), folder))
            return _made(result, folder)
    except KeyboardInterrupt:
        return Failure("cancelled", "The run was cancelled.")
    except Exception as error:  # Boundary: whoever waits elsewhere is told, in a form that it can read
        return failure_of(error, node)


def _unpacked(packed: bytes) -> Order:
    # Whoever may submit tasks to a Ray cluster may run any code there anyway.
    return cast("Order", pickle.loads(packed))  # noqa: S301


def look(folders: tuple[str, ...]) -> tuple[str, str, str, tuple[str | None, ...]]:
    """The versions of Python, Ray and headrace on this node, and how it sees the folders."""
    return platform.python_version(), ray.__version__, version(), tuple(map(mark, folders))


def _run(order: Order, folder: Path, watch: Watch) -> SplitResult:
    plan, given = order.plan, order.surroundings
    if plan.input is None or plan.output is None:
        raise Stop(f"Flows from {plan.source.connector_type} can't be run on a cluster")
    registry = Registry.load(given.settings, environment=given.within(os.environ))
    _must_be_seen(order, registry.buckets)
    source = registry.source(plan.source.connector_type)
    engine = Engine(
        memory_limit_bytes=order.memory_limit_bytes,
        threads=order.threads,
        scratch=folder / "engine",
        limit_setting="HEADRACE_RAY_MEMORY",
    )
    scratch = folder / "scratch"
    scratch.mkdir()
    fetched = cast("Generator[LocalFile]", source.fetch(plan.source.properties, order.work.files, scratch))
    with closing(engine), closing(fetched) as files:
        asked = SplitOrder(
            tasks=plan.tasks,
            input=plan.input,
            output=plan.output,
            number=order.work.number,
            files=files,
            fields=order.work.fields,
            staging=folder / "staged",
            rejects=folder / "rejects",
            naming=order.naming,
        )
        return engine.run_split(asked, watch)


def _must_be_seen(order: Order, buckets: Buckets) -> None:
    """Of a bucket that is a folder: the files must be here as they were listed, else they are read where they are."""
    bucket = buckets.open(order.plan.source.properties["bucketName"])
    if not isinstance(bucket, FolderBucket):
        return
    for file in order.work.files:
        if bucket.find(file.key) != file:
            raise ClusterUnusable(
                f"The node {platform.node()} does not see {bucket.folder} as this machine does. Share that folder with"
                " the nodes, or let the bucket lie in an object store"
            )


def _watched(run: Callable[[Watch], SplitResult]) -> SplitResult:
    """Run in a thread of its own, so that Ray's interrupt reaches this one, and stops the run."""
    watch, done = Watch(_nobody), threading.Event()
    outcome: list[SplitResult | BaseException] = []

    def work() -> None:
        try:
            outcome.append(run(watch))
        except BaseException as error:  # Boundary: it is raised in the thread that waits
            outcome.append(error)
        done.set()

    thread = threading.Thread(target=work, name="split", daemon=True)
    try:
        thread.start()
        while not done.wait(_LOOK_S):
            pass
    finally:
        watch.cancel()
        # The interrupt may come while it is being started.
        if thread.ident is not None:
            done.wait()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _made(result: SplitResult, folder: Path) -> Made:
    outputs, rejects = (
        tuple(replace(file, path=str(Path(file.path).relative_to(folder))) for file in files)
        for files in (result.outputs, result.rejects)
    )
    put: Callable[[bytes], object] = cast("Any", ray).put
    made = replace(result, outputs=outputs, rejects=rejects)
    pieces = {file.path: tuple([put(piece) for piece in _pieces(folder / file.path)]) for file in files_of(made)}
    return Made(made, pieces)


def files_of(result: SplitResult) -> tuple[StagedFile, ...]:
    """Everything that a split staged."""
    return (*result.outputs, *result.rejects)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


@contextmanager
def _scratch(parent: Path) -> Generator[Path]:
    """An empty folder in `parent`; what splits left there that were killed goes with it."""
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    """Remove the folder if nobody holds its lock any more; one without a lock is just being made."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return


def _nobody(_counts: Counts) -> None:
    """Nobody follows."""
