"""What the CDK makes of the constructs of cdklabs.cdk-appflow: applied, run, and still what the CDK makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.cli.documents import read_paths
from headrace.cli.main import run
from headrace.documents import Document
from headrace.settings import Settings
from headrace.testing import Headrace, running
from tests.standins.processes import plain_environment

APP = Path(__file__).parent / "cdk" / "app.py"
# Synthesised by the app; of the manifest only what names the templates.
RECORDED = Path(__file__).parents[1] / "data" / "cdk.out"


def cdk_python() -> Path | None:
    home = os.environ.get("APPFLOW_CDK")
    folder = Path(home) if home else Path.home() / ".cache" / "headrace" / "cdk"
    python = folder / "venv" / "bin" / "python"
    return python if python.is_file() and shutil.which("node") else None


def documents(folder: Path) -> dict[str, Document]:
    found = read_paths([folder], {}, Settings(data=folder))
    return {each.name: each for each in found.documents}


@pytest.fixture(name="headrace")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        yield service


@pytest.fixture(name="appflow")
def client(headrace: Headrace) -> Iterator[Any]:
    with closing(boto3.client("appflow", **headrace.client_arguments)) as appflow:
        yield appflow


def test_flows_of_the_cdk_are_applied_and_run(
    headrace: Headrace, appflow: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    people = documents(RECORDED)["people"].request
    lake = people["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["bucketName"]
    rows = b"id,name,card,secret\n1,Ada,1234,x\n2,Grace,5678,y\n,Edsger,9,z\n"
    headrace.put_object("raw", "in/1.csv", rows)
    headrace.put_object(lake, "mark", b"")
    template = str(RECORDED / "People.template.json")

    told: list[str] = []
    for _ in range(2):
        assert run(["apply", template, "--yes", "--url", headrace.url]) == 0
        told.append(capsys.readouterr().out)

    assert "people" in told[0]
    assert told[1].startswith("Nothing to do: 2 flows are as the documents say")
    ended = headrace.run("people")
    assert ended.records == [{"id": "1", "name": "Ada", "card": "*****"}]
    assert appflow.describe_flow(flowName="hourly")["flowStatus"] == "Active"


@pytest.mark.slow
def test_the_cdk_makes_what_was_recorded(tmp_path: Path) -> None:
    python = cdk_python()
    if python is None:
        pytest.skip("no CDK here, or no Node.js: make cdk")
    folder = tmp_path / "cdk.out"
    environment = plain_environment("HOME", "PATH", JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="true")

    subprocess.run([python, APP, folder], env=environment, capture_output=True, check=True, cwd=tmp_path)

    made, recorded = documents(folder), documents(RECORDED)
    assert {name: (each.request, each.state) for name, each in made.items()} == {
        name: (each.request, each.state) for name, each in recorded.items()
    }
