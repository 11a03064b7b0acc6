"""Which splits go to a cluster, and what becomes of them when it does not do them."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from headrace.connector_sdk.contract import SourceFile
from headrace.engine.results import Counts, Naming, SplitResult
from headrace.engine.watch import Cancelled, Watch
from headrace.errors import Retry, Stop
from headrace.flow.plan import Plan
from headrace.log import Log
from headrace.runner.cluster.link import Link
from headrace.runner.cluster.messages import ClusterAway, ClusterUnusable, Machine
from headrace.runner.cluster.spread import Cluster, Spread
from headrace.runner.placement import Doing, Local, placement_of, stays_because
from headrace.runner.sources import SplitWork
from headrace.settings import MIB, Ray, Settings
from tests.standins.processes import PATIENCE_S


def works(*sizes: int) -> list[SplitWork]:
    return [
        SplitWork(number, (SourceFile(f"s3://raw/{number}", str(number), size, None, 0),), None)
        for number, size in enumerate(sizes)
    ]


def result(number: int) -> SplitResult:
    return SplitResult(Counts(records_read=number, records_written=number), (), ())


class Far:
    """A cluster that does what a test says, in the place of `Cluster`."""

    def __init__(self, do: Callable[[SplitWork, Watch], SplitResult], room: Callable[[], int] = lambda: 2) -> None:
        self._do = do
        self.together = room
        self.done: list[int] = []

    def split(self, _plan: Plan, work: SplitWork, _naming: Naming, _folder: Path, watch: Watch) -> SplitResult:
        found = self._do(work, watch)
        self.done.append(work.number)
        return found


class Near:
    """What this machine does, and the log of it."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.lines = io.StringIO()
        self.watch = Watch(lambda counts: None)

    def here(self, work: SplitWork) -> SplitResult:
        self.done.append(work.number)
        return result(work.number)

    def doing(self, *, is_movable: bool = True) -> Doing:
        def there(work: SplitWork, remote: Callable[..., SplitResult]) -> SplitResult:
            return remote(None, work, None, Path())

        return Doing(self.here, there if is_movable else None, self.watch, Log(self.lines))


def spread(far: Far, from_bytes: int = 10) -> Spread:
    return Spread(cast("Cluster", far), Settings(data=Path(), ray=Ray("auto", from_bytes)))


def test_one_split_or_few_bytes_stay_on_this_machine() -> None:
    assert stays_because(works(100), from_bytes=10) == "there is but one split"
    assert stays_because(works(4, 5), from_bytes=10) == "9 bytes are less than the 10 of HEADRACE_RAY_FROM"
    assert stays_because(works(5, 5), from_bytes=10) is None


def test_large_runs_are_done_by_the_cluster_alone() -> None:
    far, near = Far(lambda work, _: result(work.number)), Near()

    found = {work.number: each for work, each in spread(far).run(works(5, 5, 5), near.doing())}

    assert found == {number: result(number) for number in range(3)}
    assert (sorted(far.done), near.done) == ([0, 1, 2], [])


@pytest.mark.parametrize("sizes, is_movable", [((4, 5), True), ((50,), True), ((50, 50), False)])
def test_the_cluster_is_not_even_asked_where_it_would_not_pay(sizes: tuple[int, ...], is_movable: bool) -> None:
    def never() -> int:
        raise AssertionError

    far, near = Far(lambda work, _: result(work.number), never), Near()

    assert len([*spread(far).run(works(*sizes), near.doing(is_movable=is_movable))]) == len(sizes)
    assert near.done == list(range(len(sizes)))


@pytest.mark.parametrize("error", [ClusterAway("it is gone"), ClusterUnusable("it is another one")])
def test_what_the_cluster_does_not_do_is_done_here_once_and_told(error: Exception) -> None:
    def do(work: SplitWork, _watch: Watch) -> SplitResult:
        if work.number == 1:
            raise error
        return result(work.number)

    far, near = Far(do, lambda: 1), Near()

    found = [(work.number, each) for work, each in spread(far).run(works(5, 5, 5), near.doing())]

    assert sorted(number for number, _ in found) == [0, 1, 2]
    assert 1 in near.done
    assert 0 not in near.done
    assert "running here instead of on the cluster" in near.lines.getvalue()
    assert str(error) in near.lines.getvalue()


def test_a_cluster_without_room_for_a_split_is_not_waited_for() -> None:
    def full() -> int:
        raise ClusterUnusable("No node has room")

    near = Near()

    assert len([*spread(Far(lambda work, _: result(work.number), full)).run(works(5, 5), near.doing())]) == 2
    assert near.done == [0, 1]


@pytest.mark.parametrize("error", [Stop("no such object"), Retry("slow down"), Cancelled("stopped")])
def test_what_a_split_raises_comes_out_and_lets_go_of_the_others(error: Exception) -> None:
    others: list[bool] = []

    def do(work: SplitWork, watch: Watch) -> SplitResult:
        if work.number == 0:
            raise error
        others.append(watch.wait(PATIENCE_S))
        return result(work.number)

    near = Near()

    with pytest.raises(type(error), match=str(error)):
        list(spread(Far(do)).run(works(5, 5), near.doing()))

    assert all(others)
    assert near.done == []


def test_results_that_nobody_wants_any_more_end_what_runs() -> None:
    ended: list[int] = []

    def do(work: SplitWork, watch: Watch) -> SplitResult:
        if work.number and watch.wait(PATIENCE_S):
            ended.append(work.number)
        return result(work.number)

    found = spread(Far(do)).run(works(5, 5), Near().doing())
    next(found)
    found.close()

    assert ended in ([1], [])


def test_a_cancelled_execution_ends_what_runs() -> None:
    near = Near()

    def do(work: SplitWork, watch: Watch) -> SplitResult:
        near.watch.cancel()
        watch.check()
        return result(work.number)

    with pytest.raises(Cancelled):
        list(spread(Far(do)).run(works(5, 5), near.doing()))


def connected(*machines: Machine, lost: list[bool] | None = None) -> Callable[..., Link]:
    """What connects to a cluster of these machines; each line but the last of `lost` is lost at once."""
    told = lost if lost is not None else [False]

    def connect(*_: Any) -> Link:
        is_lost = told.pop(0) if len(told) > 1 else told[0]
        return cast("Link", SimpleNamespace(machines=machines, is_lost=is_lost))

    return connect


def cluster(tmp_path: Path, connect: Callable[..., Link], **given: Any) -> Cluster:
    return Cluster(Settings(data=tmp_path, ray=Ray("auto", **given)), {}, connect)


def test_as_many_splits_run_at_once_as_the_nodes_have_room_for(tmp_path: Path) -> None:
    machines = (Machine("head", 0, 1e12), Machine("one", 8, 3 * 512 * MIB), Machine("two", 2, 1e12))

    assert cluster(tmp_path, connected(*machines)).at_once() == 3 + 2
    assert cluster(tmp_path, connected(*machines), cpus=2).at_once() == 3 + 1


def test_a_split_that_no_node_has_room_for_is_said_to_be_too_large(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnusable, match="HEADRACE_RAY_CPUS and HEADRACE_RAY_MEMORY"):
        cluster(tmp_path, connected(Machine("one", 8, 1e12)), cpus=9).at_once()


def test_a_line_that_was_lost_is_made_again_and_one_that_holds_is_kept(tmp_path: Path) -> None:
    lost = [True, False]
    asked = cluster(tmp_path, connected(Machine("one", 1, 1e12), lost=lost))

    for _ in range(3):
        asked.at_once()

    assert lost == [False]


def test_a_cluster_that_was_away_is_asked_again(tmp_path: Path) -> None:
    answers = [True, False]

    def connect(*_: Any) -> Link:
        if answers.pop(0):
            raise ClusterAway("not yet")
        return connected(Machine("one", 1, 1e12))()

    asked = cluster(tmp_path, connect)

    with pytest.raises(ClusterAway, match="not yet"):
        asked.at_once()
    assert asked.at_once() == 1


def test_nobody_listening_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ClusterAway, match=r"Nothing answers at ray://127\.0\.0\.1:1, where HEADRACE_RAY_ADDRESS"):
        Link("ray://127.0.0.1:1", tmp_path / "log")


def test_without_an_address_splits_stay(tmp_path: Path) -> None:
    assert isinstance(placement_of(Settings(data=tmp_path), {}, ExitStack()), Local)


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_with_an_address_large_runs_are_spread_and_nothing_is_connected_yet(tmp_path: Path) -> None:
    with ExitStack() as stack:
        assert isinstance(placement_of(Settings(data=tmp_path, ray=Ray("auto")), {}, stack), Spread)


def test_a_driver_that_does_not_get_as_far_as_the_cluster_is_quoted(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ClusterUnusable, match=rf"(?s)The Ray cluster at {address} can't be used: .+ is in .*log"):
            Link(address, tmp_path / "log", {"PYTHONHOME": "/nowhere"})
