"""Nodes that stop for a while, a PostgreSQL that restarts, an S3 server that fails: runs end exactly, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.standins.faulty import Fault, FaultyProxy, faulty_proxy
from tests.standins.objects import ServerObjects
from tests.standins.one_bucket import NAME, one_bucket
from tests.standins.postgres import MISSING, Server, is_installed, server
from tests.standins.processes import until
from tests.standins.seaweed import S3Server
from tests.standins.town import Town, flow, has_leases

FILES = [range(number * 100, number * 100 + 100) for number in range(6)]
EVERY = [*range(600)]
NOTHING: Callable[[str, str], Fault] = lambda _method, _path: "pass"  # noqa: E731


@pytest.fixture(scope="module", name="postgres")
def running_server() -> Iterator[Server]:
    """A PostgreSQL that may be stopped."""
    if not is_installed():
        pytest.skip(MISSING)
    with server() as made:
        yield made


@pytest.fixture(name="proxy")
def proxy_before_server(s3_server: S3Server) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_server.url) as proxy:
        yield proxy


@pytest.fixture(name="objects")
def one_empty_bucket(s3_server: S3Server) -> Iterator[ServerObjects]:
    with one_bucket(s3_server) as objects:
        yield objects


@pytest.fixture
def town(
    postgres: Server, s3_server: S3Server, proxy: FaultyProxy, objects: ServerObjects, tmp_path: Path
) -> Iterator[Town]:
    """Two nodes."""
    url = postgres.postgres.new_database()
    with closing(Town(tmp_path, url, s3_server, proxy, objects)) as made:
        made.put("orders", FILES)
        made.call("create_flow", **flow("orders"))
        yield made
        assert not has_leases(postgres.postgres, url)


def hold_first(proxy: FaultyProxy, method: str, part: str) -> None:
    """Hold the first request of that method whose path has the part."""
    left = [part]

    def rule(asked: str, path: str) -> Fault:
        if asked == method and left and left[0] in path:
            left.clear()
            return "hold"
        return "pass"

    proxy.rule = rule


@pytest.mark.parametrize("method, part", [("GET", "/in/003.csv"), ("PUT", "/out/")], ids=["reading", "committing"])
def test_what_a_node_writes_that_stopped_longer_than_its_lease_changes_nothing(
    town: Town, method: str, part: str
) -> None:
    hold_first(town.proxy, method, part)
    execution_id = town.call("start_flow", flowName="orders")["executionId"]
    holder = town.holder_of(execution_id)
    other = 1 - holder
    assert town.proxy.held.wait(100)

    town.stop(holder)
    [record] = town.settled("orders", [other])
    assert (record["executionStatus"], town.written("orders")) == ("Successful", EVERY)
    before = town.objects.read(NAME)
    town.go_on(holder)
    town.proxy.released.set()

    town.nodes[holder].program.find(f"execution left.*{execution_id}|{execution_id}.*execution left")
    assert town.objects.read(NAME) == before
    assert town.records("orders", [holder]) == [record]
    assert record["executionResult"]["recordsProcessed"] == len(EVERY)
    assert until(lambda: not town.staged())


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_runs_end_and_callers_are_answered_after_a_restart_of_postgresql(
    town: Town, postgres: Server, mode: str
) -> None:
    hold_first(town.proxy, "GET", "/in/003.csv")
    first = town.call("start_flow", flowName="orders", clientToken="first")["executionId"]
    assert town.proxy.held.wait(100)
    postgres.stop(mode)
    town.proxy.released.set()
    postgres.start()

    answers = [town.call_any("start_flow", [node], flowName="orders", clientToken="first") for node in (0, 1)]
    second = town.call_any("start_flow", [1], flowName="orders", clientToken="second")["executionId"]
    found = town.settled("orders", [0, 1])
    assert {answer["executionId"] for answer in answers} == {first}
    assert {each["executionId"]: each["executionStatus"] for each in found} == dict.fromkeys(
        [first, second], "Successful"
    )
    assert [town.written("orders", each) for each in (first, second)] == [EVERY, EVERY]
    assert until(lambda: not town.staged())


def test_an_object_store_that_fails_one_request_in_ten_is_written_exactly(town: Town) -> None:
    luck = Random(20_260_105)
    faults: list[Fault] = ["error", "busy", "cut", "slow"]
    town.proxy.rule = lambda _method, _path: luck.choice(faults) if luck.random() < 0.1 else "pass"
    ids = [town.call("start_flow", node, flowName="orders")["executionId"] for node in (0, 1, 0, 1)]
    found = {each["executionId"]: each for each in town.settled("orders", [0])}
    town.proxy.rule = NOTHING

    assert [found[each]["executionStatus"] for each in ids] == ["Successful"] * 4
    assert [town.written("orders", each) for each in ids] == [EVERY] * 4
    assert len(town.written("orders")) == 4 * len(EVERY)


@pytest.fixture
def parted(
    postgres: Server, s3_server: S3Server, proxy: FaultyProxy, objects: ServerObjects, tmp_path: Path
) -> Iterator[Town]:
    """A node that only answers, and one that only works."""
    url = postgres.postgres.new_database()
    with closing(Town(tmp_path, url, s3_server, proxy, objects, ("serve --no-work", "work"))) as made:
        made.put("orders", FILES)
        made.call("create_flow", **flow("orders"))
        yield made
        assert not has_leases(postgres.postgres, url)


@pytest.mark.parametrize("killed", [[0], [1], [0, 1]], ids=["api", "worker", "both"])
def test_runs_end_once_whether_the_api_or_the_worker_is_killed(parted: Town, killed: list[int]) -> None:
    hold_first(parted.proxy, "PUT", "/out/")
    started = {"first": parted.call("start_flow", flowName="orders", clientToken="first")["executionId"]}
    assert parted.proxy.held.wait(100)

    for node in killed:
        parted.nodes[node].kill()
    if 0 not in killed:
        # Who answers goes on: what nobody works on waits.
        started["second"] = parted.call("start_flow", flowName="orders", clientToken="second")["executionId"]
    parted.proxy.released.set()
    for node in killed:
        parted.nodes[node].restart()

    for token in ("first", "second"):
        again = parted.call("start_flow", flowName="orders", clientToken=token)["executionId"]
        assert started.setdefault(token, again) == again
    found = parted.settled("orders")
    assert {each["executionId"]: each["executionStatus"] for each in found} == dict.fromkeys(
        started.values(), "Successful"
    )
    assert [parted.written("orders", each) for each in started.values()] == [EVERY, EVERY]
    assert len(parted.written("orders")) == 2 * len(EVERY)
    assert until(lambda: not parted.staged())
