"""`headrace rejects` against a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED, run
from headrace.store import rejects
from headrace.testing import Headrace, running
from tests.unit.cli.documents import flow_document

ROWS = b"id,amount\n1,10\n2,oops\n3,none\n4,4,4\n"
TASKS: list[dict[str, Any]] = [
    {
        "taskType": "Map",
        "sourceFields": ["amount"],
        "destinationField": "amount",
        "connectorOperator": {"S3": "NO_OP"},
        "taskProperties": {"DESTINATION_DATA_TYPE": "integer"},
    }
]
PARQUET = {"fileType": "PARQUET", "preserveSourceDataTyping": True}


def create(headrace: Headrace) -> None:
    document = flow_document(tasks=TASKS)
    properties = document["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]
    properties["s3OutputFormatConfig"] = PARQUET
    Api(headrace.url, "us-east-1", {})("CreateFlow", document)


def started(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["start-flow", "people", "--wait", "--url", headrace.url]) == DONE
    return capsys.readouterr().out.strip()


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        service.put_object("raw", "in/1.csv", ROWS)
        yield service


def test_the_rejects_of_the_newest_run_are_told_with_their_reasons(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    create(headrace)
    execution_id = started(headrace, capsys)

    assert run(["rejects", "people", "--url", headrace.url, "-n", "2"]) == DONE
    assert capsys.readouterr().out.splitlines() == [
        f"Run {execution_id} rejected 3 records; they are kept at {headrace.data}/rejects/people/{execution_id}",
        "        2  tasks[0] Map amount: Field 'amount' can't be read as integer: …",
        "        1  reading the source: Expected Number of Columns: 2 Found: 3",
        "",
        "s3://raw/in/1.csv, line 5, reading the source: Expected Number of Columns: 2 Found: 3",
        '    "4,4,4"',
        "",
        "s3://raw/in/1.csv, line 3, tasks[0] Map amount: Field 'amount' can't be read as integer: \"oops\"",
        '    {"id":"2","amount":"oops"}',
        "",
        "1 more: -n shows more of them, --download FILE gives all.",
    ]


def test_programs_read_them_as_json_and_all_pages_of_them(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    headrace.put_object("raw", "in/2.csv", b"id,amount\n" + b"".join(b"%d,x\n" % number for number in range(250)))
    create(headrace)
    execution_id = started(headrace, capsys)

    assert (
        run(["rejects", "people", "--id", execution_id, "--output", "json", "-n", "300", "--url", headrace.url]) == DONE
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["executionId"], found["records"], found["summed"]) == (execution_id, 253, 253)
    assert len(found["rejects"]) == 253
    assert found["rejects"][-1] == {
        "task": 0,
        "by": "Map amount",
        "reason": "Field 'amount' can't be read as integer: \"x\"",
        "file": "s3://raw/in/2.csv",
        "line": 251,
        "recordNumber": 250,
        "record": '{"id":"249","amount":"x"}',
    }


def test_all_of_them_are_downloaded_as_json_lines(
    headrace: Headrace, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    create(headrace)
    assert run(["start-flow", "people", "--wait", "--url", headrace.url]) == DONE
    capfdbinary.readouterr()
    target = tmp_path / "rejects.jsonl"

    assert run(["rejects", "people", "--download", str(target), "--url", headrace.url]) == DONE
    assert run(["rejects", "people", "--download", "-", "--url", headrace.url]) == DONE
    (kept,) = (headrace.data / "rejects").rglob("*.json")
    assert target.read_bytes() == capfdbinary.readouterr().out == kept.read_bytes()
    assert [json.loads(line)["record"] for line in target.read_text().splitlines()][1] == {"id": "2", "amount": "oops"}

    assert run(["rejects", "people", "--download", f"{tmp_path}/no/such/folder", "--url", headrace.url]) == RUN_FAILED


def test_what_can_not_be_had_is_told(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    create(headrace)

    def refused(*arguments: str) -> str:
        assert run(["rejects", "people", "--url", headrace.url, *arguments]) == RUN_FAILED
        return capsys.readouterr().err

    assert "None of the last runs of flow people rejected a record." in refused()
    assert "Flow people has no execution x." in refused("--id", "x")
    execution_id = started(headrace, capsys)
    folder = headrace.data / "rejects" / "people" / execution_id
    folder.joinpath("1.json").rename(folder / "other.json")
    assert "0 of 1 files are there" in refused()
    folder.joinpath("other.json").unlink()
    folder.joinpath("1.json").write_text("{}\nnonsense\n")
    assert "is no JSON Lines of rejected records" in refused()
    (headrace.data / "rejects").rename(headrace.data / "elsewhere")
    said = refused("--download", "-")
    assert "there is no such folder on this machine" in said
    assert "HEADRACE_REJECTS" in said


def test_rejects_lie_where_the_setting_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "a place"
    with running(tmp_path / "data", settings={"HEADRACE_REJECTS": str(place)}) as headrace:
        headrace.put_object("raw", "in/1.csv", ROWS)
        create(headrace)
        execution_id = started(headrace, capsys)
        kept = headrace.service.backend.store.read(lambda tx: rejects.get(tx, execution_id)).result()
        assert kept is not None
        assert (kept.url, kept.files, kept.records, kept.is_whole) == (f"file://{tmp_path}/a%20place", 1, 3, True)
        assert kept.size_bytes == (place / "people" / execution_id / "1.json").stat().st_size
        assert run(["rejects", "people", "--url", headrace.url]) == DONE
        assert f"kept at {place}/people/{execution_id}\n" in capsys.readouterr().out
        assert not (tmp_path / "data" / "rejects").exists()


def test_a_run_without_rejects_has_none(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    headrace.put_object("raw", "in/1.csv", b"id,amount\n1,10\n")
    create(headrace)
    execution_id = started(headrace, capsys)
    assert run(["rejects", "people", "--id", execution_id, "--url", headrace.url]) == DONE
    assert capsys.readouterr().out == f"Run {execution_id} rejected no record.\n"
    assert run(["rejects", "people", "--id", execution_id, "--download", "-", "--url", headrace.url]) == DONE
    assert capsys.readouterr().out == ""
