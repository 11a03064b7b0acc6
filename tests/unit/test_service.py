"""The whole service in one process, over real HTTP; also what users' own tests get of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from headrace.errors import SettingsError
from headrace.service import Service
from headrace.settings import Settings
from headrace.store import access_keys, executions
from headrace.testing import START, Headrace, StillRunning, running
from headrace.wire.addresses import local_url
from headrace.wire.server import bind
from tests.standins.processes import PATIENCE_S, until
from tests.unit.cli.documents import flow_document


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        service.put_object("raw", "in/1.csv", b"id,name\n1,Ada\n")
        yield service


def test_nobody_else_reads_what_headrace_keeps_in_a_folder_that_was_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    # As an earlier headrace left it.
    (data / "headrace.db").touch()
    (data / "headrace.db").chmod(0o644)
    with running(data):
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in data.iterdir()}
    private = {name: mode for name, mode in modes.items() if name.startswith("headrace.db") or name == "serving.json"}
    assert private == dict.fromkeys(["headrace.db", "headrace.db-wal", "headrace.db-shm", "serving.json"], "0o600")
    assert modes["scratch"] == "0o700"


def call(headrace: Headrace, path: str, **request: Any) -> dict[str, Any]:
    """Call an operation the way curl would."""
    body = json.dumps(request).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{headrace.url}{path}", body), timeout=PATIENCE_S) as answer:
        return json.loads(answer.read() or b"{}")


def test_a_flow_runs_from_its_creation_to_its_output(headrace: Headrace) -> None:
    call(headrace, "/create-flow", **flow_document())
    execution_id = call(headrace, "/start-flow", flowName="people")["executionId"]
    headrace.wait_until_settled([execution_id])

    (record,) = call(headrace, "/describe-flow-execution-records", flowName="people")["flowExecutions"]
    (key,) = headrace.list_objects("lake", "people/")
    assert record["executionStatus"] == "Successful"
    assert record["startedAt"] == START.timestamp()
    assert json.loads(headrace.get_object("lake", key)) == {"id": "1", "name": "Ada"}


def test_time_goes_on_only_when_a_test_says_so(headrace: Headrace) -> None:
    headrace.clock.turn(timedelta(days=1))
    call(headrace, "/create-flow", **flow_document())

    created = call(headrace, "/describe-flow", flowName="people")["createdAt"]

    assert created == (START + timedelta(days=1)).timestamp()


def test_what_a_service_kept_is_there_for_the_next(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        first.put_object("raw", "in/1.csv", b"id\n1\n")
        call(first, "/create-flow", **flow_document(tasks=flow_document()["tasks"][1:]))
    with running(tmp_path) as second:
        assert call(second, "/describe-flow", flowName="people")["flowName"] == "people"


def test_a_service_without_a_folder_leaves_none_behind() -> None:
    with running() as headrace:
        data = headrace.data
        assert data.exists()
    assert not data.exists()


def test_settings_of_the_test_hold_and_those_of_its_environment_do_not(tmp_path: Path) -> None:
    with running(tmp_path, settings={"HEADRACE_REGION": "eu-west-3"}) as headrace:
        assert headrace.client_arguments["region_name"] == "eu-west-3"


def test_an_execution_that_does_not_end_in_time_is_told(headrace: Headrace) -> None:
    backend = headrace.service.backend
    flow = flow_document(tasks=flow_document()["tasks"][1:])
    call(headrace, "/create-flow", **flow)
    headrace.put_object("raw", "in/2.csv", b"id,name\n" + b"1,Ada\n" * 2_000_000)
    execution_id = call(headrace, "/start-flow", flowName="people")["executionId"]

    with pytest.raises(StillRunning, match=execution_id):
        headrace.wait_until_settled([execution_id], timeout_s=0.01)

    call(headrace, "/cancel-flow-executions", flowName="people")
    headrace.wait_until_settled([execution_id, "no such execution"])
    assert backend.store.read(lambda tx: executions.get(tx, execution_id)).result() is not None


def test_a_key_can_not_lead_out_of_its_bucket(headrace: Headrace) -> None:
    with pytest.raises(ValueError, match="leads out"):
        headrace.put_object("raw", "../../x", b"")


def test_health_is_answered(headrace: Headrace) -> None:
    with urllib.request.urlopen(f"{headrace.url}/healthz", timeout=PATIENCE_S) as answer:
        assert answer.status == 200


def test_a_service_on_a_taken_port_opens_nothing(tmp_path: Path, headrace: Headrace) -> None:
    port = int(headrace.url.rpartition(":")[2])
    service = Service(Settings(data=tmp_path / "other", port=port))

    with pytest.raises(SettingsError, match="another program listens there"):
        service.start()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.org"])
def test_an_open_service_is_for_this_machine_alone(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HEADRACE_ALLOW_OPEN=yes"):
        Service(Settings(data=tmp_path, host=host)).start()


def test_a_host_that_is_not_known_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't listen on"):
        Service(Settings(data=tmp_path, host="no-such-host.invalid", allow_open=True)).start()


def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    with running(tmp_path):
        second = Service(Settings(data=tmp_path, port=0))
        with pytest.raises(SettingsError):
            second.start()
    with running(tmp_path):
        pass


def test_signed_callers_need_a_key(tmp_path: Path) -> None:
    with (
        running(tmp_path, settings={"HEADRACE_AUTH": "sigv4"}) as headrace,
        pytest.raises(urllib.error.HTTPError) as caught,
    ):
        call(headrace, "/list-flows")
    assert caught.value.code == 403
    caught.value.close()


def a_client(headrace: Headrace, key: access_keys.KeyWithSecret, secret: str | None = None) -> Any:
    return boto3.client(
        "appflow",
        endpoint_url=headrace.url,
        region_name="us-east-1",
        aws_access_key_id=key.key_id,
        aws_secret_access_key=secret or key.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_a_signed_caller_may_do_what_its_policy_allows(tmp_path: Path) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "appflow:ListFlows", "Resource": "*"}],
    }
    with running(tmp_path, settings={"HEADRACE_AUTH": "sigv4"}) as headrace:
        backend = headrace.service.backend
        # botocore signs with the machine's time.
        headrace.clock.turn(datetime.now(UTC) - START)
        key = backend.store.write(
            lambda tx: access_keys.create(
                tx, backend.sealer, arn="arn:aws:iam::000000000000:user/etl", policy=policy, now_ms=0
            )
        ).result()
        with closing(a_client(headrace, key)) as client:
            assert client.list_flows()["flows"] == []
            with pytest.raises(ClientError, match="not authorized to perform: appflow:DescribeFlow"):
                client.describe_flow(flowName="people")
        with closing(a_client(headrace, key, "wrong")) as client, pytest.raises(ClientError) as caught:
            client.list_flows()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_running_query_is_cancelled_at_once(headrace: Headrace) -> None:
    mask = {
        "taskType": "Mask",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "MASK_LAST_N"},
        "taskProperties": {"MASK_LENGTH": "2", "MASK_VALUE": "*"},
    }
    call(headrace, "/create-flow", **flow_document(tasks=[mask] * 60 + flow_document()["tasks"]))
    headrace.put_object("raw", "in/2.csv", b"id,name\n" + b"1,Ada\n" * 4_000_000)
    execution_id = call(headrace, "/start-flow", flowName="people")["executionId"]
    staging = headrace.data / "staging" / execution_id
    until(lambda: any(staging.rglob("*.json")))

    # Of this process alone: others use the machine too.
    begun = process_time()
    assert call(headrace, "/cancel-flow-executions", flowName="people") == {"invalidExecutions": []}
    headrace.wait_until_settled([execution_id])

    assert process_time() - begun < 2
    (record,) = call(headrace, "/describe-flow-execution-records", flowName="people")["flowExecutions"]
    assert record["executionStatus"] == "Canceled"
    assert headrace.list_objects("lake") == []
    until(lambda: not staging.exists())


@pytest.mark.parametrize("host, shown", [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", None)])
def test_a_connector_of_this_machine_reaches_the_service_wherever_it_listens(host: str, shown: str | None) -> None:
    with closing(bind(host, 0)) as listening:
        address, port = listening.getsockname()[:2]
        wanted = shown or (f"[{address}]" if ":" in address else address)
        assert local_url(listening) == f"http://{wanted}:{port}"


def test_a_service_that_does_not_serve_answers_its_connectors_and_no_caller(tmp_path: Path) -> None:
    service = Service(Settings(data=tmp_path / "data", port=0), environment={})
    service.start(is_serving=False)
    try:
        options: Any = {
            "endpoint_url": service.url,
            "region_name": "us-east-1",
            "aws_access_key_id": "AKIDTESTS",
            "aws_secret_access_key": "x",
        }
        with closing(boto3.client("appflow", **options)) as caller, pytest.raises(ClientError, match="answers no API"):
            caller.list_flows()
        with (
            closing(boto3.client("secretsmanager", **options)) as connector,
            pytest.raises(ClientError, match="no access key has this id here"),
        ):
            connector.get_secret_value(SecretId="arn")
        given = service.backend.connector_secrets.environment("arn:aws:lambda:us-east-1:000000000000:function:c")
        assert given["AWS_ENDPOINT_URL_SECRETS_MANAGER"] == service.url
        options |= {
            "aws_access_key_id": given["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": given["AWS_SECRET_ACCESS_KEY"],
        }
        with (
            closing(boto3.client("secretsmanager", **options)) as connector,
            pytest.raises(ClientError, match="not authorized to perform: secretsmanager:GetSecretValue"),
        ):
            connector.get_secret_value(SecretId="arn")
    finally:
        service.stop()
