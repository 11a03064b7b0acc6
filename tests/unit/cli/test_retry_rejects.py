"""`headrace retry-rejects` against a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED, run
from headrace.testing import Headrace, running
from tests.standins.described import check_answer
from tests.unit.cli.documents import flow_document
from tests.unit.cli.test_rejects import create, started

BAD = b"id,amount\n1,10\n2,oops\n3,none\n"


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        service.put_object("raw", "in/1.csv", BAD)
        create(service)
        yield service


def mend(headrace: Headrace) -> None:
    """Write the amounts as they are."""
    document = flow_document(tasks=[{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}])
    document["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"] = {
        "fileType": "JSON"
    }
    Api(headrace.url, "us-east-1", {})("UpdateFlow", document)


def retry(headrace: Headrace, *arguments: str) -> int:
    return run(["retry-rejects", "people", "--url", headrace.url, *arguments])


def written(headrace: Headrace) -> list[dict[str, Any]]:
    keys = [key for key in headrace.list_objects("lake") if key.endswith(".json")]
    return [json.loads(line) for key in keys for line in headrace.get_object("lake", key).decode().splitlines()]


def test_records_are_run_again_once_the_flow_is_mended(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    first = started(headrace, capsys)
    before = headrace.list_objects("lake")
    mend(headrace)

    assert retry(headrace, "--wait") == DONE
    shown = capsys.readouterr()
    second = shown.out.strip()
    assert "read 2, written 2, rejected 0, dropped 0" in shown.err
    assert sorted(written(headrace), key=str) == [{"id": "2", "amount": "oops"}, {"id": "3", "amount": "none"}]
    assert set(before) < set(headrace.list_objects("lake"))

    assert run(["executions", "people", "--id", second, "--output", "json", "--url", headrace.url]) == DONE
    (found,) = json.loads(capsys.readouterr().out)
    assert found["overrides"] == {"filters": [], "retryOf": first}
    check_answer("headrace:ListExecutions", {"executions": [found]})


def test_records_are_not_written_twice_unless_asked_for(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    first = started(headrace, capsys)
    mend(headrace)
    assert retry(headrace, "--wait") == DONE
    second = capsys.readouterr().out.strip()

    assert retry(headrace, "--id", first) == RUN_FAILED
    said = capsys.readouterr().err
    assert said.startswith(f"ConflictException: The rejects of {first} were retried by {second}")
    assert retry(headrace, "--id", first, "--again", "--wait") == DONE
    assert len(written(headrace)) == 4


def test_a_retry_that_wrote_nothing_may_be_made_again(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    first = started(headrace, capsys)
    # The flow is as it was: everything is rejected once more.
    assert retry(headrace, "--wait") == RUN_FAILED
    second = capsys.readouterr().out.strip()
    mend(headrace)
    assert retry(headrace, "--id", first, "--wait") == DONE
    assert len(written(headrace)) == 2
    assert retry(headrace, "--id", second, "--wait") == DONE
    assert len(written(headrace)) == 4, "each reject of a retry is a reject of its own"


def test_what_can_not_be_retried_is_told(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: str) -> str:
        assert retry(headrace, *arguments) == RUN_FAILED
        return capsys.readouterr().err

    assert "None of the last runs of flow people rejected a record." in refused()
    assert "ResourceNotFoundException: Flow people has no execution x." in refused("--id", "x")
    started(headrace, capsys)
    headrace.put_object("raw", "in/1.csv", b"id,amount\n1,10\n")
    assert "has no rejected records to retry" in refused("--id", started(headrace, capsys))


def test_only_one_retry_of_the_same_records_runs_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, settings={"HEADRACE_PARALLEL_RUNS": "yes"}) as headrace:
        headrace.put_object("raw", "in/1.csv", BAD)
        create(headrace)
        first = started(headrace, capsys)
        mend(headrace)
        headrace.service.backend.drain()
        assert retry(headrace, "--id", first) == DONE
        second = capsys.readouterr().out.strip()
        assert retry(headrace, "--id", first, "--again") == RUN_FAILED
        assert f"The rejects of {first} are being retried by {second}." in capsys.readouterr().err
        assert retry(headrace, "--id", second) == RUN_FAILED
        assert f"The execution {second} has not ended." in capsys.readouterr().err


def test_a_token_starts_one_retry(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    first = started(headrace, capsys)
    mend(headrace)
    api = Api(headrace.url, "us-east-1", {})
    path = f"/headrace/v1/flows/people/executions/{first}/retry"
    body = json.dumps({"clientToken": "t"}).encode()
    answers = [api.ask("POST", path, body) for _ in range(2)]
    assert answers[0] == answers[1]
    check_answer("headrace:RetryRejects", answers[0])
    headrace.wait_until_idle()
    assert len(written(headrace)) == 2
