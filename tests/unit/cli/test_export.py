"""`headrace export` and `headrace pull`: what is served goes to files, and comes back from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.applying import OWNER_TAG
from headrace.cli.main import BAD_USAGE, DONE, NOT_STARTED, RUN_FAILED, run
from headrace.documents import FORMS
from headrace.store import access_keys
from headrace.testing import START, Headrace, running
from tests.unit.applying.rig import DAILY, profile
from tests.unit.cli.documents import flow_document

SECRETS = {"DESK_ID": "the-id", "DESK_SECRET": "the-s3cret"}


@pytest.fixture(name="served", scope="module")
def a_service_with_some_of_everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("export") / "data") as service:
        service.put_object("raw", "in/people.csv", b"id,name\n1,Ada\n")
        service.apply(
            profile(),
            flow_document(description="Whoever", tags={"team": "data", OWNER_TAG: "us"}),
            flow_document(flowName="daily", triggerConfig=DAILY) | {"flowStatus": "Active"},
            flow_document(flowName="draft", triggerConfig=DAILY),
            secrets=SECRETS,
        )
        yield service


@pytest.fixture(autouse=True)
def pointed_at_it(served: Headrace, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_APPFLOW", served.url)


@pytest.mark.parametrize("form", list(FORMS))
def test_what_is_exported_is_what_is_there_and_can_be_made_anew(
    form: str, served: Headrace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "flows"
    assert run(["export", str(folder), "--to", form]) == DONE
    told = capsys.readouterr()
    assert "3 flows, 1 connector profile from http://127.0.0.1" in told.err
    assert "To apply them, set " in told.err
    files = [path.read_text("utf-8") for path in folder.iterdir()]
    assert (len(files), sum(secret in text for text in files for secret in SECRETS.values())) == (4, 0)
    assert run(["diff", str(folder), "--exit-code"]) == DONE

    for name in told.err.rpartition("set ")[2].rstrip(".\n").split(", "):
        monkeypatch.setenv(name, "given")
    with running(tmp_path / "data") as other:
        other.put_object("raw", "in/people.csv", b"id,name\n1,Ada\n")
        at = ["--endpoint-url", other.url]
        assert run(["apply", str(folder), "--yes", *at]) == DONE, capsys.readouterr().err
        found = {flow.flow_name: flow.flow_status for flow in other.client.list_flows().items()}
        # Terraform has no place for what makes a flow active.
        daily = "Draft" if form == "terraform" else "Active"
        assert found == {"daily": daily, "draft": "Draft", "people": "Active"}
        other.client.start_flow(flow_name="daily")
        capsys.readouterr()
        assert run(["export", *at]) == DONE
        copied = capsys.readouterr().out
    assert run(["export"]) == DONE
    assert capsys.readouterr().out == copied


def test_everything_goes_to_standard_output_with_references_for_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "-"]) == DONE
    told = capsys.readouterr()
    desk, daily, _, people = json.loads(told.out)
    assert desk["connectorProfileConfig"]["connectorProfileCredentials"]["Zendesk"] == {
        "clientId": "${DESK_CLIENT_ID}",
        "clientSecret": "${DESK_CLIENT_SECRET}",
        "accessToken": "${DESK_ACCESS_TOKEN}",
    }
    assert daily["flowStatus"] == "Active"
    assert people["tags"] == {"team": "data"}
    assert not people.keys() & {"flowArn", "createdAt", "kmsArn", "flowStatus", "metadataCatalogConfig"}
    assert "set DESK_ACCESS_TOKEN, DESK_CLIENT_ID, DESK_CLIENT_SECRET." in told.err


def test_single_flows_come_without_what_they_do_not_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--flow", "people"]) == DONE
    assert json.loads(capsys.readouterr().out)["flowName"] == "people"
    assert run(["export", "--flow", "people", "--flow", "nobody"]) == RUN_FAILED
    assert capsys.readouterr().err.startswith("There is no flow nobody.")


def test_an_account_is_pulled_with_a_profile_of_aws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "data", settings={"HEADRACE_AUTH": "sigv4"}) as account:
        account.clock.turn(datetime.now(UTC) - START)
        backend = account.service.backend
        key = backend.store.write(
            lambda tx: access_keys.create(
                tx, backend.sealer, arn="arn:aws:iam::000000000000:user/reader", policy=None, now_ms=0
            )
        ).result()
        shared = tmp_path / "credentials"
        shared.write_text(f"[theirs]\naws_access_key_id = {key.key_id}\naws_secret_access_key = {key.secret}\n")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
        at = ["--endpoint-url", account.url, "--region", "us-east-1"]
        assert run(["pull", "--profile", "theirs", *at]) == DONE
        assert f"There is nothing to write at {account.url}." in capsys.readouterr().err
        assert run(["pull", "--profile", "nobodys", *at]) == NOT_STARTED
        assert "nobodys" in capsys.readouterr().err


def test_flows_are_pulled_from_another_address(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pull", "--endpoint-url", served.url, "--flow", "people", "--to", "yaml"]) == DONE
    assert "flowName: people" in capsys.readouterr().out


def test_aws_is_pulled_from_wherever_other_commands_go(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pull"]) == BAD_USAGE
    assert "Which region? Give --region" in capsys.readouterr().err
    assert run(["pull", "--region", "no region"]) == BAD_USAGE


def test_an_empty_service_has_nothing_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path / "data") as empty:
        assert run(["export", "--endpoint-url", empty.url]) == DONE
    assert capsys.readouterr() == ("", f"There is nothing to write at {empty.url}.\n")
