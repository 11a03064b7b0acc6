from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.hosts import MIB, Bounds
from headrace.connector_sdk.hosts.process import Handler, ProcessHost
from headrace.errors import Retry, Stop
from tests.standins.processes import PATIENCE_S, until

FOLDER = Path(__file__).parents[2] / "standins"
BOUNDS = Bounds(timeout_s=PATIENCE_S, memory_bytes=512 * MIB, answer_bytes=6 * MIB, request_bytes=6 * MIB)


class Lines:
    """What a connector printed, with the type of the request it was working on."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str | None]] = []

    def __call__(self, line: str, request: Any) -> None:
        self.kept.append((line, None if request is None else request["type"]))


@contextmanager
def hosting(
    name: str = "stock_connector:handle",
    *,
    bounds: Bounds = BOUNDS,
    lines: Lines | None = None,
    python: str = sys.executable,
    environment: dict[str, str] | None = None,
    most: int = 4,
) -> Generator[ProcessHost]:
    host = ProcessHost(
        Handler(name, python, FOLDER),
        environment=environment or {},
        bounds=bounds,
        on_line=lines or Lines(),
        most=most,
    )
    try:
        yield host
    finally:
        host.close()


def ask(mood: str | None = None, **members: Any) -> dict[str, Any]:
    return {"type": "DescribeConnectorConfigurationRequest", "mood": mood, **members}


def test_a_handler_answers_from_a_process_of_its_own_that_stays() -> None:
    with hosting() as host:
        first: Any = host.invoke(ask("context"))
        second: Any = host.invoke(ask("context"))
    assert first["pid"] == second["pid"] != os.getpid()


def test_a_handler_finds_the_key_of_its_batch_in_the_client_context() -> None:
    with hosting("stock_connector:keyed") as host:
        assert host.invoke(ask(), batch_key="run/7") == {"isSuccess": True, "custom": {"batchKey": "run/7"}}
        assert host.invoke(ask()) == {"isSuccess": True, "custom": None}


def test_calls_at_once_have_a_process_each_up_to_the_most() -> None:
    pids: set[int] = set()

    def call(host: ProcessHost) -> None:
        answer: Any = host.invoke(ask("context"))
        pids.add(answer["pid"])

    with hosting(most=2) as host:
        threads = [threading.Thread(target=call, args=(host,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 1 <= len(pids) <= 2


def test_what_it_prints_comes_line_by_line_with_the_request() -> None:
    lines = Lines()
    with hosting(lines=lines) as host:
        for _ in range(3):
            host.invoke(ask())
        until(lambda: len(lines.kept) == 3)
    assert (
        lines.kept == [("handling DescribeConnectorConfigurationRequest", "DescribeConnectorConfigurationRequest")] * 3
    )


def test_an_exception_is_told_in_its_own_words_and_the_next_call_is_answered() -> None:
    lines = Lines()
    with hosting(lines=lines) as host:
        with pytest.raises(Stop, match="raised LookupError: the shelf is empty"):
            host.invoke(ask("raises"))
        assert host.invoke(ask("context"))
        until(lambda: any("Traceback" in line for line, _ in lines.kept))


@pytest.mark.parametrize(
    "mood, reason",
    [
        ("crashes", "was killed by SIGKILL while it answered DescribeConnector.*It last said: .*about to fall over"),
        ("leaves", "ended with exit code 3 while"),
    ],
)
def test_a_process_that_dies_is_told_and_started_again(mood: str, reason: str) -> None:
    with hosting() as host:
        with pytest.raises(Retry, match=reason):
            host.invoke(ask(mood))
        assert host.invoke(ask("context"))


def test_a_process_that_died_between_calls_is_replaced() -> None:
    with hosting() as host:
        first: Any = host.invoke(ask("context"))
        os.kill(first["pid"], signal.SIGKILL)
        # Dead once all its threads are; left for the host to find.
        os.waitid(os.P_PID, first["pid"], os.WEXITED | os.WNOWAIT)
        second: Any = host.invoke(ask("context"))
    assert first["pid"] != second["pid"]


def test_a_process_that_lives_on_without_its_channel_is_replaced() -> None:
    with hosting() as host:
        first: Any = host.invoke(ask("lingers"))
        (process,) = host._idle
        process._channel.shutdown(socket.SHUT_WR)
        assert process._channel.recv(1, socket.MSG_PEEK) == b""
        second: Any = host.invoke(ask("context"))
    assert first["pid"] != second["pid"]


def test_a_hang_ends_after_the_time_it_has_and_the_next_call_is_answered() -> None:
    with hosting(bounds=Bounds(0.5, 512 * MIB)) as host:
        with pytest.raises(Retry, match=r"did not answer Describe\w+ within 0.5 s \(HEADRACE_CONNECTOR_TIMEOUT\)"):
            host.invoke(ask("hangs"))
        # A process also has to start in that time, and this one need not hurry.
        host._bounds = BOUNDS
        assert host.invoke(ask("context"))


def test_memory_is_bounded() -> None:
    with hosting() as host, pytest.raises(Stop, match="raised MemoryError"):
        host.invoke(ask("greedy"))


def test_an_answer_larger_than_allowed_is_not_read() -> None:
    with hosting() as host, pytest.raises(Stop, match="answered 8000036 bytes; at most 6291456 are allowed"):
        host.invoke(ask("huge"))


def test_a_request_larger_than_allowed_is_not_sent() -> None:
    with hosting() as host, pytest.raises(Stop, match="The request takes 7000"):
        host.invoke(ask(filler="x" * 7_000_000))


def test_an_answer_that_is_no_json_is_told_by_the_handlers_own_python() -> None:
    with hosting() as host, pytest.raises(Stop, match="raised TypeError: Object of type set is not JSON serializable"):
        host.invoke(ask("no-json"))


@pytest.mark.parametrize(
    "name, reason",
    [
        (
            "no_such_module:handle",
            "ModuleNotFoundError: No module named 'no_such_module'.*being started on {node} in /",
        ),
        ("stock_connector:no_such_function", "has no attribute 'no_such_function'.*being started"),
        ("stock_connector", "being started"),
    ],
)
def test_a_handler_that_is_not_there_is_told(name: str, reason: str) -> None:
    with hosting(name) as host, pytest.raises(Stop, match=reason.format(node=socket.gethostname())):
        host.invoke(ask())


def test_a_python_that_is_not_there_is_told() -> None:
    with hosting(python="/no/such/python") as host, pytest.raises(Stop, match="can't be started with /no/such/python"):
        host.invoke(ask())


def test_it_sees_the_environment_it_is_given_and_no_other() -> None:
    with hosting(environment={"GIVEN": "yes"}) as host:
        answer: Any = host.invoke(ask("environment"))
    assert answer["environment"]["GIVEN"] == "yes"
    assert not {"PATH", "HOME", "PYTHONPATH"} & answer["environment"].keys()


def test_closing_ends_calls_under_way() -> None:
    failures: list[Exception] = []

    def call() -> None:
        try:
            host.invoke(ask("hangs"))
        except Retry as error:
            failures.append(error)

    lines = Lines()
    with hosting(lines=lines) as host:
        thread = threading.Thread(target=call)
        thread.start()
        until(lambda: lines.kept)
        host.close()
        thread.join(PATIENCE_S)
        assert "was killed by SIGKILL" in str(failures)
        with pytest.raises(Retry, match="headrace is stopping"):
            host.invoke(ask())
