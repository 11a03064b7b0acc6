"""`headrace serve` as a process: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import signal
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from headrace.cli.places import bucket_places
from headrace.cli.serve import greeting
from headrace.settings import Settings
from tests.standins.processes import PATIENCE_S, Program, plain_environment

Serve = Callable[..., Program]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `headrace serve` on a free port: serve("--host", …, HEADRACE_AUTH=…)."""
    with ExitStack() as stack:

        def start(*arguments: str, **environment: str) -> Program:
            command = [sys.executable, "-m", "headrace", "serve", "--data", str(tmp_path / "data"), *arguments]
            return stack.enter_context(closing(Program(command, env=plain_environment("HOME") | environment)))

        yield start


def test_it_prints_where_it_listens_and_answers_there(serve: Serve) -> None:
    program = serve("--port", "0")

    url = program.find(r"^headrace \S+ listening on (http://127\.0\.0\.1:\d+)$")[1]
    program.find(rf"^export AWS_ENDPOINT_URL_APPFLOW={url}$")
    program.find(r"^export AWS_DEFAULT_REGION=us-east-1")
    program.find(r"every bucket: a folder")
    with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE_S) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(serve: Serve, number: signal.Signals) -> None:
    program = serve("--port", "0")
    program.find("listening on")

    program.send(number)

    assert program.wait() == 0
    assert '"event":"stopped"' in program.output


def test_a_taken_port_is_exit_code_3_in_words(serve: Serve) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        program = serve("--port", port)

        assert program.wait() == 3
    assert f"port {port}: another program listens there" in program.output
    assert "Traceback" not in program.output


def test_an_address_for_others_needs_authentication(serve: Serve) -> None:
    program = serve("--host", "0.0.0.0", "--port", "0")

    assert program.wait() == 3
    assert "HEADRACE_AUTH=sigv4" in program.output
    assert "HEADRACE_ALLOW_OPEN=yes" in program.output


@pytest.mark.parametrize("setting", [{"HEADRACE_ALLOW_OPEN": "yes"}, {"HEADRACE_AUTH": "sigv4"}])
def test_an_address_for_others_may_be_had_in_words(serve: Serve, setting: dict[str, str]) -> None:
    serve("--host", "0.0.0.0", "--port", "0", **setting).find("listening on")


def test_a_data_folder_that_can_not_be_made_is_exit_code_3(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")

    program = serve("--port", "0")

    assert program.wait() == 3
    assert "Traceback" not in program.output


def test_a_second_service_on_the_same_folder_is_refused(serve: Serve) -> None:
    serve("--port", "0").find("listening on")

    second = serve("--port", "0")

    assert second.wait() == 3
    assert "--data" in second.output


def test_the_greeting_can_be_pasted_into_a_shell() -> None:
    lines = greeting("http://127.0.0.1:1", Settings(data=Path("/d"))).splitlines()

    assert lines[0].startswith("headrace ")
    assert all(line.startswith(("export ", "# ")) for line in lines[1:])


def test_signed_callers_are_told_where_their_keys_come_from() -> None:
    assert "headrace keys create" in greeting("http://127.0.0.1:1", Settings(data=Path("/d"), auth="sigv4"))


@pytest.mark.parametrize(
    "settings, places",
    [
        (Settings(data=Path("/d")), ["every bucket: a folder, /d/buckets/<bucket>"]),
        (Settings(data=Path("/d"), s3_endpoint="http://s:1"), ["every bucket: the S3 server http://s:1"]),
        (Settings(data=Path("/d"), buckets={"*": "s3://"}), ["every bucket: Amazon S3"]),
        (
            Settings(data=Path("/d"), buckets={"*": "s3://"}, s3_endpoint="http://s:1"),
            ["every bucket: the S3 server http://s:1"],
        ),
        (
            Settings(data=Path("/d"), buckets={"raw": "gs://x/y", "*": "file:///lake"}),
            ["bucket raw: gs://x/y", "every other bucket: file:///lake/<bucket>"],
        ),
    ],
)
def test_it_says_where_buckets_lie(settings: Settings, places: list[str]) -> None:
    assert list(bucket_places(settings)) == places
