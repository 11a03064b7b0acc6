"""The owner's commands beside a running headrace, and without one."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from headrace.cli.main import run
from headrace.testing import Headrace, running
from tests.e2e import custom
from tests.standins.service import ServiceProcess
from tests.standins.shop import PASSWORD

ROOT = Path(__file__).parents[2]
ARN = "arn:aws:lambda:us-east-1:000000000000:function:Shop"
CREDENTIALS = {"authenticationType": "BASIC", "basic": {"username": "ann", "password": PASSWORD}}
WORDS = """
from headrace.connector_sdk.authoring import Source
from headrace.connector_sdk.lambda_handler import lambda_handler

class Words(Source):
    version = "{}"

handler = lambda_handler(Words)
"""
TALKATIVE = """
from headrace.connector_sdk.authoring import BasicAuth, Entity, Field, Page, Source
from headrace.connector_sdk.lambda_handler import lambda_handler

class Talkative(Source):
    authentication = (BasicAuth(),)
    entities = (Entity("word", (Field("text"),)),)

    def read(self, query):
        print("signing in with", self.credentials["password"])
        yield Page([{"text": "so"}])

handler = lambda_handler(Talkative)
"""
REFUSED = {"refused": {"id": 1, "name": ""}}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEADRACE_DATA", "HEADRACE_AUTH", "AWS_ENDPOINT_URL_LAMBDA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="data")
def shop_folder(tmp_path: Path) -> Path:
    """A data folder with the shop hosted and registered, and a profile of it."""
    data = tmp_path / "data"
    with running(data) as service, closing(custom.client(service)) as appflow:
        custom.host(service, "tests.standins.shop:handler", folder=ROOT, arn=ARN)
        appflow.register_connector(**custom.registration("Shop", ARN))
        appflow.create_connector_profile(**custom.profile("shop", "Shop", CREDENTIALS, branch="north"))
    return data


@pytest.fixture(name="service")
def running_service(data: Path) -> Iterator[Headrace]:
    with running(data) as service:
        yield service


def checked(data: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any, str]:
    capsys.readouterr()
    code = run(["connectors", "test", *more, "--output", "json", "--data", str(data)])
    shown = capsys.readouterr()
    return code, json.loads(shown.out) if shown.out else None, shown.err


def outcomes(answer: Any) -> dict[str, str]:
    return {each["check"]: each["outcome"] for each in answer["results"]}


def test_connectors_and_keys_are_managed_beside_a_running_service(
    headrace_service: Callable[..., ServiceProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    with closing(headrace_service(data=data)):
        at = ["--data", str(data)]
        assert (
            run(["connectors", "host", "Stock", "stock_connector:handle", "--folder", str(custom.STANDINS), *at]) == 0
        )
        assert run(["connectors", "list", *at]) == 0
        assert "function:Stock  stock_connector:handle" in capsys.readouterr().out
        assert run(["connectors", "unhost", ARN.replace("Shop", "Stock"), *at]) == 0
        assert run(["connectors", "unhost", ARN, *at]) == 2
        assert "Nothing is hosted for" in capsys.readouterr().err
        assert run(["keys", "create", "--user", "ann", *at]) == 0
        made = capsys.readouterr().out.split("AWS_ACCESS_KEY_ID=")[1].split()[0]
        assert run(["keys", "list", *at]) == 0
        assert capsys.readouterr().out.startswith(f"{made}  ")
        assert run(["keys", "delete", made, *at]) == 0
        assert run(["keys", "delete", made, *at]) == 2
        # It would go on with the key that it read when it started.
        assert run(["keys", "rotate", *at]) == 3


def test_the_first_key_is_made_beside_a_service_that_asks_for_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Signatures are of this machine's time.
    with running(tmp_path, start=datetime.now(UTC), settings={"HEADRACE_AUTH": "sigv4"}) as service:
        with closing(custom.client(service)) as stranger, pytest.raises(ClientError, match="no access key"):
            stranger.list_flows()
        assert run(["keys", "create", "--data", str(tmp_path)]) == 0
        lines = dict(line.removeprefix("export ").split("=") for line in capsys.readouterr().out.splitlines())
        given = {name.lower(): value for name, value in lines.items()}
        with closing(boto3.client("appflow", **(service.client_arguments | given))) as appflow:
            assert appflow.list_flows()["flows"] == []


def test_a_connector_that_is_hosted_again_runs_its_code_of_now(
    service: Headrace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = tmp_path / "words.py"
    at = ["--folder", str(tmp_path), "--data", str(service.data)]
    with closing(custom.client(service)) as appflow:
        for version in ("1.0", "2.0.0"):
            code.write_text(WORDS.format(version))
            assert run(["connectors", "host", "Words", "words:handler", *at]) == 0
            if version == "1.0":
                appflow.register_connector(**custom.registration("Words", ARN.replace("Shop", "Words")))
            else:
                appflow.update_connector_registration(connectorLabel="Words")
            described = appflow.describe_connector(connectorType="CustomConnector", connectorLabel="Words")
            assert described["connectorConfiguration"]["connectorVersion"] == version


def test_a_profile_is_tested_beside_a_running_service(
    service: Headrace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "customer.json"
    file.write_text(json.dumps(REFUSED))
    code, (answer,), said = checked(service.data, capsys, "shop", "--write", f"customer={file}", "--once")
    assert (code, "Records are written to customer." in said) == (0, True)
    assert [name for name, outcome in outcomes(answer).items() if outcome != "passed"] == [
        "refuses what it does not declare"
    ]
    assert answer["connector"]["operations"] == ["INSERT", "UPDATE", "UPSERT", "DELETE"]
    assert answer["connector"]["authentication"] == ["BASIC"]


def test_a_label_is_tested_with_credentials_of_a_file_and_no_service(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(custom.profile("any", "Shop", CREDENTIALS, branch="north")))
    code, (answer,), _ = checked(data, capsys, "Shop", "--profile", str(file), "--entity", "journal")
    assert code == 0, answer
    assert outcomes(answer)["refuses bad credentials"] == "passed"
    assert outcomes(answer)["writes what it declares"] == "not applicable"
    assert PASSWORD not in json.dumps(answer)


def test_a_rule_that_is_broken_is_told_and_the_exit_code_says_so(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "profile.json"
    credentials = {"authenticationType": "BASIC", "basic": {"username": "ann", "password": "another-password"}}
    document = custom.profile("any", "Shop", credentials, branch="north")
    file.write_text(json.dumps(document))
    assert run(["connectors", "test", "Shop", "--profile", str(file), "--data", str(data)]) == 1
    shown = capsys.readouterr().out
    assert "takes its connection: It takes the settings and the credentials of its connection. But:" in shown
    assert "ann and this password are not known here" in shown
    assert "authentication    BASIC" in shown
    assert "another-password" not in shown


def test_a_connector_that_prints_a_secret_is_found_out_and_the_secret_is_not_shown(
    service: Headrace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "talkative.py").write_text(TALKATIVE)
    at = ["--folder", str(tmp_path), "--data", str(service.data)]
    assert run(["connectors", "host", "Talkative", "talkative:handler", *at]) == 0
    with closing(custom.client(service)) as appflow:
        appflow.register_connector(**custom.registration("Talkative", ARN.replace("Shop", "Talkative")))
        appflow.create_connector_profile(**custom.profile("talk", "Talkative", CREDENTIALS))
    code, (answer,), _ = checked(service.data, capsys, "talk")
    assert code == 1
    reasons = {each["check"]: each["reason"] for each in answer["results"]}
    assert reasons["keeps secrets"].startswith("it said: signing in with <a secret>")
    assert PASSWORD not in json.dumps(answer)


def test_a_connector_that_needs_no_credentials_is_tested_by_its_label_alone(
    service: Headrace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = TALKATIVE.replace("    authentication = (BasicAuth(),)\n", "").replace(', self.credentials["password"]', "")
    (tmp_path / "quiet.py").write_text(quiet)
    assert (
        run(["connectors", "host", "Quiet", "quiet:handler", "--folder", str(tmp_path), "--data", str(service.data)])
        == 0
    )
    with closing(custom.client(service)) as appflow:
        appflow.register_connector(**custom.registration("Quiet", ARN.replace("Shop", "Quiet")))
    code, (answer,), _ = checked(service.data, capsys, "Quiet")
    assert code == 0, answer
    assert outcomes(answer)["can be read"] == "passed"
    assert outcomes(answer)["refuses bad credentials"] == "not applicable"


@pytest.mark.parametrize(
    "more, words",
    [
        (("nobody",), "neither a connector profile nor a registered connector nobody"),
        (("Shop",), "The connector Shop needs credentials"),
        (("Shop", "--profile", "/no/such/file"), "No such file"),
        (("shop", "--setting", "limit"), "write KEY=VALUE"),
    ],
)
def test_what_can_not_be_tested_is_told_with_what_to_do(
    data: Path, more: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, said = checked(data, capsys, *more)
    assert (code, answer) == (2, None)
    assert words in said


def test_only_who_reads_the_folder_is_the_owner(service: Headrace) -> None:
    file = service.data / "serving.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = json.loads(file.read_text())["token"]
    url = f"{service.url}/headrace/v1/owner/list-hosted-connectors"
    for headers in ({}, {"authorization": "Bearer nobody"}, {"authorization": token}):
        reply = httpx.post(url, headers=headers, json={})
        assert (reply.status_code, reply.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    good = {"authorization": f"Bearer {token}"}
    assert list(httpx.post(url, headers=good, json={}).json()["places"]) == [ARN]
    assert httpx.get(url, headers=good).status_code == 403
    assert httpx.post(url, headers=good, json=[]).status_code == 400
    assert httpx.post(url.replace("list-", "no-"), headers=good, json={}).json()["message"].startswith("There is no")
    assert (
        "'lambdaArn' is missing"
        in httpx.post(url.replace("list-hosted-connectors", "unhost-connector"), headers=good, json={}).json()[
            "message"
        ]
    )


def test_a_file_that_a_killed_service_left_behind_is_in_nobodys_way(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(data) as service:
        left = (service.data / "serving.json").read_bytes()
    assert not (data / "serving.json").exists()
    (data / "serving.json").write_bytes(left)
    assert run(["connectors", "list", "--data", str(data)]) == 0
    assert ARN in capsys.readouterr().out


def test_a_folder_in_use_by_one_that_does_not_answer_is_told(
    service: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    (service.data / "serving.json").unlink()
    assert run(["connectors", "list", "--data", str(service.data)]) == 3
    assert "is in use by process" in capsys.readouterr().err
