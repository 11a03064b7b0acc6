"""`headrace explain`: the page, its JSON, and the service that is asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.explain import shown, size
from headrace.cli.main import run
from headrace.testing import running
from tests.unit.cli.conftest import Write, plant
from tests.unit.cli.documents import flow_document

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(data: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """The exit code, and what was said on standard output and standard error."""

    def tell(*arguments: object) -> tuple[int, str, str]:
        code = run(["explain", *map(str, arguments), "--data", str(data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return tell


def s3(**properties: Any) -> list[dict[str, Any]]:
    """The destination of the flow, with these properties of its output."""
    made: list[dict[str, Any]] = flow_document()["destinationFlowConfigList"]
    made[0]["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"] |= properties
    return made


def test_a_page_says_what_a_run_would_do_and_nothing_is_written(data: Path, write: Write, told: Told) -> None:
    plant(data, "id,name\n4,Barbara\n", "in/more.csv")
    path, before = write(), set(data.rglob("*"))

    code, out, _ = told(path)

    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Flow people reads csv from S3 raw/in: 2 objects, 49 bytes, in 1 split."
    assert (
        lines[1] == "  split 0: 2 objects, 49 bytes: s3://raw/in/more.csv (18 bytes), s3://raw/in/people.csv (31 bytes)"
    )
    assert "  VARCHAR: id, name" in lines
    assert "        WHEN NOT (NOT (coalesce(\"name\" = 'Grace', FALSE))) THEN 'dropped: tasks[0] Filter name'" in lines
    assert "    FROM read_csv('s3://raw/in/more.csv', auto_detect=false" in out
    assert "Where: in the process that runs the flow, one split after the other, each on " in out
    assert "Output: at most 2 files in S3 lake\n" in out
    assert "s3://lake/people/<executionId>/<executionId>-00000-0-" in out
    assert lines[-1] == "Nothing was written."
    assert set(data.rglob("*")) == before


def test_the_same_comes_as_json(write: Write, told: Told) -> None:
    code, out, _ = told(write(), "--output", "json")
    answer = json.loads(out)
    assert code == 0
    assert answer["splits"] == [
        {"number": 0, "fileCount": 1, "bytes": 31, "files": [{"name": "s3://raw/in/people.csv", "bytes": 31}]}
    ]
    assert answer["fields"] == [{"name": "id", "type": "VARCHAR"}, {"name": "name", "type": "VARCHAR"}]
    assert answer["memory"]["mostBytes"] > answer["memory"]["engineBytes"] > 0
    assert answer["placement"]["where"] == "here"
    assert answer["output"]["mostFiles"] == 1


def test_the_settings_of_this_process_count(write: Write, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_MEMORY_LIMIT", "64MiB")
    monkeypatch.setenv("HEADRACE_THREADS", "1")
    memory = json.loads(told(write(), "--output", "json")[1])["memory"]
    assert (memory["engineBytes"], memory["threads"]) == (64 * 1024**2, 1)


def test_a_cluster_that_is_set_is_told_of(
    data: Path, write: Write, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_RAY_ADDRESS", "ray://head.example:10001")
    out = " ".join(told(write())[1].split())
    assert "in the process that runs the flow" in out
    assert ": there is but one split Memory: at most" in out
    monkeypatch.setenv("HEADRACE_RAY_FROM", "0")
    for number in range(257):
        plant(data, "id,name\n4,Barbara\n", f"in/{number}.csv")
    out = " ".join(told(write())[1].split())
    assert "Where: on the Ray cluster of HEADRACE_RAY_ADDRESS" in out
    assert "never holds more than HEADRACE_RAY_MEMORY" in out


def test_one_file_of_everything_is_one_split(data: Path, write: Write, told: Told) -> None:
    plant(data, "id,name\n4,Barbara\n", "in/more.csv")
    single = s3(aggregationConfig={"aggregationType": "SingleFile"})
    _, out, _ = told(write(destinationFlowConfigList=single))
    assert "One split: aggregationType SingleFile asks for one file of everything." in out
    assert "Output: at most 1 file in S3 lake\n  One file, as aggregationType SingleFile asks." in out


def test_a_size_of_files_and_folders_of_values_are_told(write: Write, told: Told) -> None:
    partition = {"taskType": "Partition", "sourceFields": ["name"], "taskProperties": {}}
    tasks = [*flow_document()["tasks"], partition]
    _, out, _ = told(write(tasks=tasks, destinationFlowConfigList=s3(aggregationConfig={"targetFileSize": 128})))
    assert "Output: files in S3 lake\n  Files of about 134,217,728 bytes, as targetFileSize asks" in out
    assert "/name=…/<executionId>-" in out


def test_what_an_application_is_asked_for_is_told(write: Write, told: Told) -> None:
    source = {
        "connectorType": "Salesforce",
        "connectorProfileName": "chat",
        "sourceConnectorProperties": {"Salesforce": {"object": "Account"}},
    }
    tasks = [
        {
            "taskType": "Filter",
            "sourceFields": ["user"],
            "connectorOperator": {"Salesforce": operator},
            "taskProperties": {"DATA_TYPE": "string", "VALUES": values},
        }
        for operator, values in (("EQUAL_TO", "U1,U2"), ("NOT_EQUAL_TO", "U3"))
    ]
    code, out, _ = told(write(sourceFlowConfig=source, tasks=[*tasks, *flow_document()["tasks"][1:]]))
    assert code == 0
    assert "Flow people reads records of chat/Account.\n  asked for: all fields, 1000 records a page\n" in out
    assert "  asked to filter: user EQUAL_TO U1 or U2 (a hint: every filter is applied here as well)\n" in out
    assert "  filtered here alone: tasks[1] Filter user\n" in out
    assert "One split: a page of records says where the next one begins" in out
    assert "connector profiles are kept by a service" in " ".join(out.split())


def test_a_service_explains_documents_and_flows_that_are_there(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path / "served") as service:
        plant(service.data, "id,name\n1,Ada\n")
        path = write()
        assert run(["explain", str(path), "--endpoint-url", service.url]) == 0
        first = capsys.readouterr().out
        assert "1 object, 14 bytes, in 1 split." in first
        assert run(["create-flow", "--cli-input-json", f"file://{path}", "--endpoint-url", service.url]) == 0
        capsys.readouterr()
        assert run(["explain", "people", "--endpoint-url", service.url]) == 0
        assert capsys.readouterr().out.splitlines()[:40] == first.splitlines()[:40]
        assert run(["explain", "nobody", "--endpoint-url", service.url]) == 1
        assert "Flow nobody not found" in capsys.readouterr().err


def test_a_window_without_objects_has_no_split(write: Write, told: Told) -> None:
    code, out, _ = told(write(), "--from", "2000-01-01", "--to", "2000-01-02")
    assert code == 0
    assert "0 objects, 0 bytes, in 0 splits." in out


def test_what_can_not_be_explained_is_refused_in_words(tmp_path: Path, write: Write, told: Told, data: Path) -> None:
    code, out, err = told(write(tasks=[{"taskType": "Map", "sourceFields": []}]))
    assert (code, out) == (2, "")
    assert "Explain Flow request failed: [" in err
    assert "headrace plan" in err
    assert told(tmp_path / "none.json")[::2] == (2, f"{tmp_path}/none.json: No such file or directory\n")
    (data / "buckets" / "raw" / "in" / "people.csv").unlink()
    (data / "buckets" / "raw" / "in").rmdir()
    (data / "buckets" / "raw").rmdir()
    code, _, err = told(write())
    assert (code, "The bucket 'raw' does not exist" in err) == (1, True)


def test_many_splits_are_cut_short(write: Write, told: Told) -> None:
    answer = json.loads(told(write(), "--output", "json")[1])
    split = answer["splits"][0] | {"fileCount": 9_000}
    page = "\n".join(shown(answer | {"splits": [split] * 25}))
    assert page.count("s3://raw/in/people.csv (31 bytes) … more") == 20
    assert "  … and 5 more; --output json lists them" in page


def test_bytes_are_said_in_units() -> None:
    assert [size(count) for count in (0, 999, 1000, 1_500_000, 999_960, 2 * 10**15)] == [
        *("0 bytes", "999 bytes", "1.0 kB", "1.5 MB", "1.0 MB"),
        "2,000.0 TB",
    ]
