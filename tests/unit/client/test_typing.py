"""Type checkers understand the client: right programs pass, wrong ones do not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKER = Path(sys.executable).with_name("basedpyright")

RIGHT = """
from datetime import UTC, datetime

from headrace.client import AsyncClient, Client, Credentials, Retrying
from headrace.client.types import (
    ConnectorOperator, ExecutionRecord, FlowDefinition, FlowStatus, StartFlowError, StartFlowInput, StartFlowOutput,
    Task, TriggerConfig,
)
from headrace.errors import ConflictException


def both_spellings(client: Client) -> str | None:
    first: StartFlowOutput = client.start_flow(flow_name="x", client_token=None)
    second: StartFlowOutput = client.start_flow().flow_name("x").client_token("t").set_client_token(None).send()
    given: StartFlowInput = client.start_flow().flow_name("x").as_input()
    third: StartFlowOutput = client.send(given)
    name: str = given.flow_name
    token: str | None = client.start_flow().get_client_token()
    status: FlowStatus | None = first.flow_status
    flows: list[FlowDefinition] = list(client.list_flows().max_results(5).items())
    when: datetime | None = flows[0].created_at
    page = client.list_flows(max_results=5)
    print(name, token, status, when)
    return first.execution_id or second.flow_arn or third.request_id or page.next_token


def nested(client: Client) -> None:
    client.create_flow(
        flow_name="x",
        trigger_config=TriggerConfig(
            trigger_type="Scheduled",
            trigger_properties={"Scheduled": {"scheduleExpression": "rate(1days)", "scheduleStartTime": 0}},
        ),
        source_flow_config={"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "raw"}}},
        destination_flow_config_list=[],
        tasks=[
            Task(source_fields=["a"], task_type="Map", connector_operator=ConnectorOperator(s3="NO_OP")),
            {"sourceFields": [], "taskType": "Map_all", "taskProperties": {"EXCLUDE_SOURCE_FIELDS_LIST": "[]"}},
        ],
    )


def handled(client: Client) -> StartFlowError | None:
    try:
        client.start_flow(flow_name="x")
    except ConflictException as error:
        request: str | None = error.request_id
        print(request, error.is_retryable)
        return error
    return None


def shown(record: ExecutionRecord) -> None:
    print(record.started_at)


async def awaited() -> ExecutionRecord:
    keys = Credentials("a", "b")
    async with AsyncClient(region="us-east-1", credentials=keys, retrying=Retrying(attempts=1)) as client:
        started = await client.start_flow(flow_name="x")
        again: StartFlowOutput = await client.start_flow().flow_name("x").send()
        async for flow in client.list_flows().items():
            print(flow.flow_name, again.flow_status == FlowStatus.ACTIVE, datetime.now(UTC))
        assert started.execution_id
        return await client.wait_for_execution("x", started.execution_id, on_progress=shown)
"""

# Each with the rule that it breaks.
WRONG = (
    ('client.start_flow(flowname="x")', "reportCallIssue"),
    ('client.start_flow(client_token="t")', "reportCallIssue"),
    ("client.start_flow(flow_name=5)", "reportArgumentType"),
    ("client.start_flow().flow_name(None)", "reportArgumentType"),
    ('client.start_flow().flowname("x")', "reportAttributeAccessIssue"),
    ('client.start_flow(flow_name="x").executionId', "reportAttributeAccessIssue"),
    ('client.start_flow(flow_name="x").execution_id = "y"', "reportAttributeAccessIssue"),
    ('len(client.start_flow(flow_name="x").execution_id)', "reportArgumentType"),
    ('types.TriggerConfig(trigger_type="Ondemand")', "reportArgumentType"),
    ("types.TriggerConfig()", "reportCallIssue"),
    ('types.Task(source_fields=["a"], task_type="Map").source_fields.append("b")', "reportAttributeAccessIssue"),
    ("client.describe_flow().items()", "reportAttributeAccessIssue"),
)


@pytest.fixture(name="faults", scope="module")
def faults_by_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    """The rules that each program breaks, checked all in one go."""
    if not CHECKER.exists():
        pytest.skip("no basedpyright here: pip install basedpyright")
    folder = tmp_path_factory.mktemp("programs")
    programs = {"right.py": RIGHT}
    head = "from headrace.client import Client, types\n\nclient = Client(region='us-east-1')\n_ = types\n"
    programs |= {f"wrong_{number}.py": f"{head}{line}\n" for number, (line, _) in enumerate(WRONG)}
    for name, program in programs.items():
        (folder / name).write_text(program, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11", "extraPaths": [str(ROOT / "src")]})
    )
    command = [CHECKER, "--project", folder, "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in programs}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        found[Path(each["file"]).name].append((each.get("rule", ""), each["message"]))
    return found


def test_a_right_program_has_no_fault(faults: dict[str, list[tuple[str, str]]]) -> None:
    assert faults["right.py"] == []


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[line for line, _ in WRONG])
def test_a_wrong_program_is_told_so(faults: dict[str, list[tuple[str, str]]], number: int) -> None:
    assert WRONG[number][1] in {rule for rule, _ in faults[f"wrong_{number}.py"]}, faults[f"wrong_{number}.py"]
