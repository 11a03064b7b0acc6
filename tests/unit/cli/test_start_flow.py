"""`headrace start-flow` and `headrace executions` against a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.asking import api_of
from headrace.cli.calling import Api
from headrace.cli.main import BAD_USAGE, DONE, NOT_STARTED, RUN_FAILED, run
from headrace.errors import SettingsError
from headrace.store import access_keys
from headrace.testing import START, Headrace, running
from tests.unit.cli.documents import flow_document

HOUR = timedelta(hours=1)
INCREMENTAL = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1days)", "dataPullMode": "Incremental"}},
}


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    """A service with the flow `people`, over one object that is an hour old and one that is new."""
    with running(tmp_path / "data") as service:
        service.put_object("raw", "in/old.csv", b"id,name\n1,Ada\n2,Bob\n")
        service.clock.turn(HOUR)
        service.put_object("raw", "in/new.csv", b"id,name\n3,Cleo\n")
        service.clock.turn(HOUR)
        create(service)
        yield service


def create(headrace: Headrace, **members: Any) -> None:
    document = flow_document(**{"tasks": flow_document()["tasks"][1:], **members})
    Api(headrace.url, "us-east-1", {})("CreateFlow", document)


def start(headrace: Headrace, *arguments: str, name: str = "people") -> int:
    return run(["start-flow", name, "--wait", "--url", headrace.url, *arguments])


def written(headrace: Headrace) -> list[str]:
    """The ids of all records, and no object any more."""
    keys = headrace.list_objects("lake")
    texts = [headrace.get_object("lake", key).decode() for key in keys]
    for key in keys:
        (headrace.data / "buckets" / "lake" / key).unlink()
    return sorted(json.loads(line)["id"] for text in texts for line in text.splitlines())


def test_the_service_that_aws_clients_are_pointed_at_is_asked_unless_another_is_given() -> None:
    pointed = {"AWS_ENDPOINT_URL_APPFLOW": "http://127.0.0.1:9"}
    for url, asked in ((None, "127.0.0.1:9"), ("http://127.0.0.1:1", "127.0.0.1:1")):
        with pytest.raises(SettingsError, match=f"Nothing answers at {asked}:"):
            api_of(url, pointed)("ListFlows", {})


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), ["1", "2", "3"]),
        (("--from", "2026-01-01T00:30:00"), ["3"]),
        (("--to", "2026-01-01T00:30:00Z"), ["1", "2"]),
        (("--from", str(int(START.timestamp())), "--to", "2026-01-01T02:00:00+01:00"), ["1", "2"]),
        (("--full-refresh",), ["1", "2", "3"]),
        (("--where", "id >= 2"), ["2", "3"]),
        (("--limit", "2"), ["1", "3"]),
        (("--limit", "1", "--where", "id >= 2", "--to", "2026-01-01T00:30:00"), ["2"]),
        (("--limit", "9"), ["1", "2", "3"]),
        (("--where", '"name" != Ada', "--where", "id<3"), ["2"]),
        (("--where", "name = Cleo", "--from", "2026-01-01T00:30:00"), ["3"]),
    ],
)
def test_a_run_reads_what_it_is_asked_to(
    headrace: Headrace, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], expected: list[str]
) -> None:
    assert start(headrace, *arguments) == DONE
    assert written(headrace) == expected
    shown = capsys.readouterr()
    (execution_id,) = shown.out.split()
    assert shown.err.splitlines()[-1].startswith(f"{execution_id}  Successful")
    assert f"written {len(expected)}" in shown.err


def test_an_incremental_flow_goes_on_where_it_was(headrace: Headrace) -> None:
    create(headrace, flowName="changes", triggerConfig=INCREMENTAL)

    assert start(headrace, name="changes") == DONE
    assert written(headrace) == ["1", "2", "3"]
    assert start(headrace, name="changes") == DONE
    assert written(headrace) == []
    assert start(headrace, "--full-refresh", "--where", "id = 1", name="changes") == DONE
    assert written(headrace) == ["1"]
    headrace.put_object("raw", "in/newest.csv", b"id,name\n4,Dan\n")
    headrace.clock.turn(HOUR)
    assert start(headrace, name="changes") == DONE
    assert written(headrace) == ["4"]


def test_a_run_that_fails_is_told_by_the_exit_code(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    (headrace.data / "buckets" / "lake").write_bytes(b"")
    assert start(headrace) == RUN_FAILED
    assert "  Error  " in capsys.readouterr().err


def test_without_waiting_the_id_is_all_there_is(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["start-flow", "people", "--url", headrace.url]) == DONE
    shown = capsys.readouterr()
    headrace.wait_until_idle()
    assert (len(shown.out.split()), shown.err) == (1, "")


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("--where", "nonsense"), BAD_USAGE, "is no condition; write a field"),
        (("--from", "yesterday"), BAD_USAGE, "'yesterday' is no instant"),
        (("--from", "2026-01-01", "--full-refresh"), RUN_FAILED, "fullRefresh reads everything"),
        (("--from", "2027-01-01"), RUN_FAILED, "is not before to"),
    ],
)
def test_what_makes_no_sense_is_told(
    headrace: Headrace, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert start(headrace, *arguments) == code
    assert words in capsys.readouterr().err


def test_a_flow_that_is_not_there_and_a_service_that_is_not_are_told(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(headrace, name="nobody") == RUN_FAILED
    assert run(["executions", "nobody", "--url", headrace.url]) == RUN_FAILED
    assert capsys.readouterr().err.count("Flow nobody not found.") == 2
    assert run(["executions", "people", "--url", "http://127.0.0.1:9"]) == NOT_STARTED


def test_runs_are_listed_newest_first_by_status_and_time(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    start(headrace, "--where", "id = 1")
    headrace.clock.turn(HOUR)
    start(headrace, "--from", "2026-01-01")
    capsys.readouterr()

    def listed(*arguments: str) -> list[str]:
        assert run(["executions", "people", "--url", headrace.url, *arguments]) == DONE
        return capsys.readouterr().out.splitlines()

    newest, oldest = listed()
    assert "Successful     2026-01-01T03:00:00Z  ondemand   read 3, written 3, rejected 0, dropped 0" in newest
    assert newest.endswith("[2026-01-01T00:00:00Z, 2026-01-01T03:00:00Z)")
    assert oldest.endswith("read 3, written 1, rejected 0, dropped 2")
    assert listed("--limit", "1") == [newest]
    assert listed("--to", "2026-01-01T03:00:00") == [oldest]
    assert listed("--status", "Error", "--status", "InProgress") == []


def test_more_runs_than_a_page_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, settings={"HEADRACE_PARALLEL_RUNS": "yes"}) as headrace:
        headrace.put_object("raw", "in/1.csv", b"id\n1\n")
        create(headrace)
        for _ in range(103):
            run(["start-flow", "people", "--url", headrace.url])
        capsys.readouterr()
        assert run(["executions", "people", "--url", headrace.url, "--limit", "102"]) == DONE
    assert len({line.split()[0] for line in capsys.readouterr().out.splitlines()}) == 102


def test_requests_are_signed_where_there_are_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, settings={"HEADRACE_AUTH": "sigv4"}) as headrace:
        backend = headrace.service.backend
        headrace.clock.turn(datetime.now(UTC) - START)
        arn = "arn:aws:iam::000000000000:user/etl"
        key = backend.store.write(
            lambda tx: access_keys.create(tx, backend.sealer, arn=arn, policy=None, now_ms=0)
        ).result()
        arguments = ["executions", "a@b", "--url", headrace.url, "--status", "Error", "--from", "2026-01-01T00:00:00Z"]
        assert run(arguments) == RUN_FAILED
        assert "MissingAuthenticationToken" in capsys.readouterr().err
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
        assert run(arguments) == RUN_FAILED
        assert "Flow a@b not found" in capsys.readouterr().err


def test_one_run_tells_what_each_task_did(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(headrace, "--where", "id >= 2") == DONE
    execution_id = capsys.readouterr().out.strip()
    asked = ["executions", "people", "--id", execution_id, "--url", headrace.url]

    assert run(asked) == DONE
    line, *tasks = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{execution_id}  Successful")
    assert [task.split() for task in tasks][-1] == ["tasks[1]", "Filter", "id", "dropped", "1,", "rejected", "0"]

    assert run([*asked, "--output", "json"]) == DONE
    (found,) = json.loads(capsys.readouterr().out)
    assert found["tasks"][-1] == {"index": 1, "name": "Filter id", "dropped": 1, "rejected": 0}
    assert run(["executions", "people", "--id", "nobody", "--url", headrace.url]) == DONE
    assert capsys.readouterr().out == ""
