"""`headrace run`: one document, once, without a server."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from headrace.cli.main import run
from headrace.cli.one_run import Look
from headrace.cli.show import live
from headrace.documents import Document, Kind, Place
from headrace.documents import write as write_document
from headrace.engine.results import Counts
from headrace.model.states import State
from headrace.store import executions
from headrace.store.executions import Execution
from headrace.store.store import Store
from tests.standins.processes import Program, plain_environment
from tests.unit.cli.conftest import Write, plant
from tests.unit.cli.documents import flow_document


def ran(document: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str], str]:
    """The exit code, the summary by its names, and what was told on standard error."""
    code = run(["run", str(document), "--data", str(data)])
    captured = capsys.readouterr()
    lines = (line for line in captured.out.splitlines() if not line.startswith(" "))
    return code, {line[:17].strip(): line[18:] for line in lines}, captured.err


def output(data: Path) -> list[dict[str, str]]:
    files = sorted(path for path in (data / "buckets" / "lake").rglob("*") if path.is_file())
    return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]


def test_a_document_is_run_and_summed_up(data: Path, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, summary, told = ran(write(), data, capsys)

    assert code == 0
    assert output(data) == [{"id": "1", "name": "Ada"}, {"id": "3", "name": "Edsger"}]
    assert summary["status"] == "Successful"
    assert [summary[f"records {what}"] for what in ("read", "written", "rejected", "dropped")] == ["3", "2", "0", "1"]
    assert summary["output"].startswith("s3://lake/people/")
    assert summary["output"].endswith("(1 file)")
    assert float(summary["seconds"]) >= 0
    assert "Flow people created" in told


def test_the_summary_says_which_task_dropped_records_and_where_the_file_lies(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(write()), "--data", str(data)]) == 0

    out = capsys.readouterr().out
    assert "1 by tasks[0], Filter name" in out
    (written,) = [path for path in (data / "buckets" / "lake").rglob("*") if path.is_file()]
    assert str(written) in out


def test_a_flow_whose_file_takes_too_much_memory_fails_at_once_and_says_what_to_set(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_MEMORY_LIMIT", "64MiB")
    with duckdb.connect() as con:
        path = data / "buckets" / "raw" / "in" / "large.parquet"
        con.execute(f"COPY (SELECT 1 AS id, repeat('x', 70000000) AS name) TO '{path}' (FORMAT parquet)")

    code, summary, told = ran(write(), data, capsys)

    assert (code, summary["status"]) == (1, "Error")
    needs = "Flow people needs more memory to read s3//raw/in/large.parquet than HEADRACE_MEMORY_LIMIT allows. Raise it"
    assert needs in summary["message"]
    assert "trying again" not in told
    assert not (data / "buckets" / "lake").exists()
    with closing(Store.open(data)) as store:
        assert store.read(executions.unfinished).result() == []
        assert store.read(lambda tx: executions.get_some(tx, [summary["execution"]])).result()[0].attempt == 1


def test_a_template_is_run_with_its_parameters(data: Path, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    flow = Document(Kind.FLOW, "people", flow_document(flowName="people"), Place("people"))
    template = write_document([flow], "cloudformation").replace("BucketPrefix: in", "BucketPrefix: !Ref Prefix")
    path = write(f"Parameters: {{Prefix: {{Type: String}}}}\n{template}")

    assert run(["run", str(path), "--data", str(data)]) == 2
    assert "parameter Prefix has no value" in capsys.readouterr().err
    assert run(["run", str(path), "--data", str(data), "--parameter", "Prefix=in"]) == 0
    assert output(data) == [{"id": "1", "name": "Ada"}, {"id": "3", "name": "Edsger"}]


def test_a_document_that_is_run_again_replaces_the_flow(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(write(), data, capsys)[0] == 0
    tasks = flow_document()["tasks"][1:]

    code, summary, told = ran(write(tasks=tasks), data, capsys)

    assert code == 0
    assert "Flow people updated" in told
    assert summary["records written"] == "3"


def test_a_document_with_another_destination_says_how_to_run_it_all_the_same(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(write(), data, capsys)[0] == 0
    elsewhere = {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "elsewhere"}}}

    code, summary, told = ran(write(destinationFlowConfigList=[elsewhere]), data, capsys)

    assert (code, summary) == (2, {})
    assert "Destination object for the destination connector can not be updated" in told
    assert f"{data} has a flow people with another source or destination" in told
    assert "another flowName" in told
    assert ran(write(flowName="others", destinationFlowConfigList=[elsewhere]), data, capsys)[0] == 0


@pytest.mark.parametrize(
    "trigger",
    [
        {
            "triggerType": "Scheduled",
            "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)", "dataPullMode": "Complete"}},
        },
    ],
)
def test_a_flow_runs_now_whatever_its_trigger_is(
    trigger: dict[str, Any], data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary, _ = ran(write(triggerConfig=trigger), data, capsys)

    assert (code, summary["status"]) == (0, "Successful")


@pytest.mark.parametrize(
    "text, told",
    [
        ("{", "flow.json"),
        ("[]", "flow.json"),
        ("", "there is no flow in it"),
        ("{}", "there is no flow in it"),
    ],
)
def test_what_is_no_document_is_exit_code_2(
    text: str, told: str, data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary, err = ran(write(text), data, capsys)

    assert (code, summary) == (2, {})
    assert told in err


def test_a_document_that_is_not_there_is_exit_code_2(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ran(data / "none.json", data, capsys)

    assert code == 2
    assert "none.json: No such file" in err


def test_every_broken_constraint_is_told_on_a_line_of_its_own(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ran(write(flowName="a b", description="\n" * 3000), data, capsys)

    assert code == 2
    assert [line.split("at '")[1].split("'")[0] for line in err.splitlines()] == ["flowName", "description"]


def test_every_fault_of_the_plan_is_told_on_a_line_of_its_own(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {"taskType": "Truncate", "sourceFields": ["name"], "taskProperties": {"TRUNCATE_LENGTH": "x"}}

    code, _, err = ran(write(tasks=[bad, bad]), data, capsys)

    assert code == 2
    assert ["tasks[0]" in line or "tasks[1]" in line for line in err.splitlines() if "TRUNCATE" in line] == [True, True]


def test_a_connector_that_is_not_here_is_told(data: Path, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    source = {
        "connectorType": "Salesforce",
        "connectorProfileName": "sf",
        "sourceConnectorProperties": {"Salesforce": {"object": "Account"}},
    }
    tasks = [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}]

    code, _, err = ran(write(sourceFlowConfig=source, tasks=tasks), data, capsys)

    assert code == 2
    assert "Salesforce" in err


def test_a_source_with_nothing_in_it_is_exit_code_1(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ran(write(), tmp_path / "empty", capsys)

    assert code == 1
    assert "raw" in err


def test_a_run_that_fails_is_exit_code_1_and_says_why(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(data, "id,name\n1,\n")
    tasks = [
        {
            "taskType": "Validate",
            "sourceFields": ["name"],
            "connectorOperator": {"S3": "VALIDATE_NON_NULL"},
            "taskProperties": {"VALIDATION_ACTION": "DropDataset"},
        },
        {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}},
    ]

    code, summary, _ = ran(write(tasks=tasks), data, capsys)

    assert (code, summary["status"], summary["records written"]) == (1, "Error", "0")
    assert summary["message"]
    assert output(data) == []


def test_rejected_records_are_counted_and_their_place_is_told(
    data: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(data, "id,name\n1,Ada\n2,Barbara,too,many\n")

    code, summary, _ = ran(write(), data, capsys)

    assert (code, summary["records rejected"]) == (0, "1")
    (kept,) = [path for path in Path(summary["rejects"]).rglob("*") if path.is_file()]
    assert "too" in kept.read_text("utf-8")


def test_a_data_folder_in_use_is_exit_code_3(data: Path, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store.open(data)
    try:
        code, _, err = ran(write(), data, capsys)
    finally:
        store.close()

    assert code == 3
    assert str(data) in err


@pytest.fixture
def start(data: Path, write: Write) -> Iterator[Callable[..., Program]]:
    """Start `headrace run` as a process, on enough records that it takes a while: start(tasks=…)."""
    plant(data, "id,name\n" + "1,Ada Lovelace\n" * 1_500_000)
    with ExitStack() as stack:

        def run(**changes: Any) -> Program:
            command = [sys.executable, "-m", "headrace", "run", str(write(**changes)), "--data", str(data)]
            return stack.enter_context(closing(Program(command, env=plain_environment("HOME"))))

        yield run


def test_ctrl_c_cancels_the_run(start: Callable[..., Program], data: Path) -> None:
    # A minute of work.
    mask = {
        "taskType": "Mask",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "MASK_LAST_N"},
        "taskProperties": {"MASK_LENGTH": "2", "MASK_VALUE": "*"},
    }
    program = start(tasks=[mask] * 60 + flow_document()["tasks"])
    program.find("^running:")

    program.send(signal.SIGINT)

    assert program.wait() == 1
    program.find(r"^status +Canceled$")
    assert output(data) == []


def test_a_run_that_was_killed_is_finished_before_the_next(start: Callable[..., Program], data: Path) -> None:
    killed = start()
    killed.find("^running:")
    killed.close()
    plant(data, "id,name\n2,Barbara\n", "in/more.csv")

    program = start()

    assert program.wait() == 0
    program.find("^Finishing execution .* interrupted$")
    program.find(r"^records read +1,500,001$")


def test_a_run_on_a_terminal_has_a_bar() -> None:
    execution = Execution(
        *("e", "f", "people", "arn", "0", "r", 1, "ondemand", State.RUNNING, 1, 0, 0, 0, None, None, None),
        *(None, None, 1, 1, None, None, None),
    )

    with live(is_terminal=True) as show:
        show(Look(execution, Counts(), 0))
        show(Look(replace(execution, commit_ms=1), Counts(records_read=1, bytes_read=20), 10))
