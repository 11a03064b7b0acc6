"""Splits over a Ray cluster where that pays, and on this machine where it does not, or the cluster can't be had."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, suppress
from importlib.util import find_spec
from pathlib import Path

from headrace.engine.results import Naming, SplitResult
from headrace.engine.watch import Watch
from headrace.errors import HeadraceError, SettingsError
from headrace.flow.plan import Plan
from headrace.runner.cluster.failures import error_of
from headrace.runner.cluster.link import Answer, Link
from headrace.runner.cluster.messages import (
    ClusterAway,
    ClusterUnusable,
    Failure,
    Found,
    Look,
    Machine,
    Order,
    Run,
    Surroundings,
)
from headrace.runner.placement import Doing, Local, Placement, stays_because
from headrace.runner.retries import with_retries
from headrace.runner.sources import SplitWork
from headrace.settings import Settings

# Beside what Ray runs at once, so much waits there for a free processor: its autoscaler sees it.
_TOGETHER_PER_CPU = 2
_MOST_TOGETHER = 256
_CONFUSED = "The cluster's driver gave an answer to another question"


class Cluster:
    """The cluster at `settings.ray.address`, connected when it is first needed and again when it was lost.

    Usable from any thread. `connect` makes the line.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str] = os.environ,
        connect: Callable[[str, Path, Mapping[str, str]], Link] = Link,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._connect = connect
        self._lock = threading.Lock()
        self._made: Future[Link] | None = None

    def split(self, plan: Plan, work: SplitWork, naming: Naming, folder: Path, watch: Watch) -> SplitResult:
        """Run a split there; its files lie in the folder then.

        Raises what a split raises, ClusterAway, and ClusterUnusable where this machine may do better.
        """
        settings = self._settings
        order = Order(
            plan=plan,
            work=work,
            naming=naming,
            surroundings=Surroundings.of(settings, self._environment),
            memory_limit_bytes=settings.ray.memory_bytes,
            threads=settings.ray.cpus,
        )
        packed = pickle.dumps(order)
        answer, cancel = self._linked().ask(
            lambda ticket: Run(ticket, packed, folder, settings.ray.cpus, settings.ray.memory_bytes)
        )
        return _split(_awaited(answer, cancel, watch))

    def together(self) -> int:
        """How many splits to have there. Raises ClusterAway, ClusterUnusable."""
        return min(self.at_once() * _TOGETHER_PER_CPU, _MOST_TOGETHER)

    def at_once(self) -> int:
        """How many splits it runs at the same time.

        Raises ClusterAway, and ClusterUnusable where none would ever run.
        """
        settings = self._settings
        fit = [_fits(machine, settings) for machine in self._linked().machines]
        if not any(fit):
            raise ClusterUnusable(
                f"No node of the cluster has {settings.ray.cpus} processors and {settings.ray.memory_bytes:,} bytes of"
                " memory to give, which HEADRACE_RAY_CPUS and HEADRACE_RAY_MEMORY ask for. Lower them"
            )
        return sum(fit)

    def look(self, folders: Sequence[str]) -> tuple[Found, ...]:
        """Ask every node what it has, and how it sees the folders. Raises ClusterAway, ClusterUnusable."""
        asked, _ = self._linked().ask(lambda ticket: Look(ticket, tuple(folders)))
        answer = asked.result()
        if isinstance(answer, Failure):
            raise error_of(answer)
        if isinstance(answer, SplitResult):
            raise ClusterUnusable(_CONFUSED)
        return answer

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            made = self._made
        if made is not None and made.exception() is None:
            made.result().close()

    def _linked(self) -> Link:
        """The line, made by the first who asks; all who ask meanwhile get what comes of it."""
        with self._lock:
            made = self._made
            is_mine = made is None or _is_over(made)
            if made is None or is_mine:
                made = self._made = Future[Link]()
        if is_mine:
            try:
                made.set_result(self._connected())
            except (HeadraceError, OSError) as error:
                made.set_exception(error)
        return made.result()

    def _connected(self) -> Link:
        settings = self._settings
        settings.data.mkdir(parents=True, exist_ok=True)
        return self._connect(settings.ray.address or "auto", settings.data / "ray-driver.log", self._environment)


class Spread:
    """Runs the splits of large runs on the cluster, and all others as `local` does.

    What the cluster does not do in the end, this machine does: slower, but a run is not lost over it.
    """

    def __init__(self, cluster: Cluster, settings: Settings, local: Placement | None = None) -> None:
        self._cluster = cluster
        self._from_bytes = settings.ray.from_bytes
        self._local = local or Local()

    def run(self, works: Sequence[SplitWork], doing: Doing) -> Generator[tuple[SplitWork, SplitResult]]:
        """See Placement."""
        if doing.there is None or stays_because(works, from_bytes=self._from_bytes):
            yield from self._local.run(works, doing)
            return
        done: set[int] = set()
        try:
            with closing(self._on_the_cluster(works, doing)) as results:
                for work, result in results:
                    done.add(work.number)
                    yield work, result
        except (ClusterAway, ClusterUnusable) as error:
            rest = [work for work in works if work.number not in done]
            doing.log.warning("running here instead of on the cluster", splits=len(rest), reason=error.message)
            yield from self._local.run(rest, doing)

    def _on_the_cluster(self, works: Sequence[SplitWork], doing: Doing) -> Generator[tuple[SplitWork, SplitResult]]:
        together = with_retries("cluster", self._cluster.together, wait=_waiting(doing.watch), log=doing.log)
        doing.log.info("running on the cluster", splits=len(works))
        # Cancelled by the execution, and when this iterator ends before its splits.
        watch = Watch(lambda _: None)
        with doing.watch.interrupting(watch.cancel), ThreadPoolExecutor(together, "cluster-split") as pool:
            running = {pool.submit(self._one, work, doing, watch): work for work in works}
            try:
                for each in as_completed(running):
                    yield running[each], each.result()
            finally:
                watch.cancel()
                pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, work: SplitWork, doing: Doing, watch: Watch) -> SplitResult:
        def remote(plan: Plan, work: SplitWork, naming: Naming, folder: Path) -> SplitResult:
            watch.check()
            return self._cluster.split(plan, work, naming, folder, watch)

        there = doing.there
        if there is None:
            raise ClusterUnusable("The source can be read by this machine alone")
        return there(work, remote)


def opened(settings: Settings, environment: Mapping[str, str], stack: ExitStack) -> Spread:
    """The placement over the cluster that the settings name; it is let go of with the stack.

    Raises SettingsError where Ray is not installed.
    """
    if find_spec("ray") is None:
        raise SettingsError("HEADRACE_RAY_ADDRESS is set, but Ray is not installed: pip install 'headrace[ray]'")
    cluster = Cluster(settings, environment)
    stack.callback(cluster.close)
    return Spread(cluster, settings)


def _is_over(made: Future[Link]) -> bool:
    """Whether the line was not to be had, or was lost since."""
    return made.done() and (made.exception() is not None or made.result().is_lost)


def _awaited(answer: Future[Answer], cancel: Callable[[], None], watch: Watch) -> Answer:
    """The answer, unless the watch is cancelled before it is there; nobody waits for the cluster then."""
    given_up = Future[Answer]()

    def give_up() -> None:
        cancel()
        with suppress(InvalidStateError):
            given_up.set_result(Failure("cancelled", "The run was cancelled."))

    with watch.interrupting(give_up):
        return next(as_completed((answer, given_up))).result()


def _split(answer: Answer) -> SplitResult:
    if isinstance(answer, Failure):
        raise error_of(answer)
    if isinstance(answer, SplitResult):
        return answer
    raise ClusterUnusable(_CONFUSED)


def _fits(machine: Machine, settings: Settings) -> int:
    """How many splits the node has room for at once."""
    by_memory = machine.memory_bytes // settings.ray.memory_bytes
    return int(min(machine.cpus // settings.ray.cpus, by_memory))


def _waiting(watch: Watch) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        watch.wait(seconds)
        watch.check()

    return wait
