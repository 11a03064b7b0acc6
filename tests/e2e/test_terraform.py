"""Terraform itself, with AWS's provider: documents written for it are applied here, settle, and are read back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from headrace.documents import Document, read, write
from headrace.flow.defaults import with_defaults
from headrace.testing import Headrace, running
from tests.e2e.life import FLOWS, bucket_places
from tests.standins.processes import plain_environment

# The provider alone takes seconds to start, and each command starts it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
_PLUGINS = "TERRAFORM_PLUGINS"
_SETTINGS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "any"
  secret_key                  = "any"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {
    appflow = "%s"
  }
}
"""


def plugins() -> Path | None:
    """A folder that has AWS's provider, by registry, hashicorp and aws."""
    folder = Path(os.environ.get(_PLUGINS, "none"))
    return folder if any(folder.glob("*/hashicorp/aws/*")) else None


class Terraform:
    """Terraform in a folder of its own, without network."""

    def __init__(self, program: str, mirror: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        settings = folder / "terraform.rc"
        settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}', "utf-8")
        self._environment = plain_environment(
            HOME=str(folder), TF_CLI_CONFIG_FILE=str(settings), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1"
        )

    def __call__(self, *arguments: str, code: int = 0) -> bytes:
        command = [self._program, *arguments]
        ended = subprocess.run(command, env=self._environment, capture_output=True, check=False, cwd=self._folder)
        assert ended.returncode == code, ended.stdout.decode() + ended.stderr.decode()
        return ended.stdout


@pytest.fixture(name="headrace")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        yield service


@pytest.fixture(name="terraform")
def installed(tmp_path: Path, headrace: Headrace) -> Terraform:
    program, mirror = shutil.which("terraform"), plugins()
    if program is None or mirror is None:
        pytest.skip(f"no Terraform here, or {_PLUGINS} names no folder with AWS's provider")
    (tmp_path / "main.tf").write_text(_SETTINGS % headrace.url, "utf-8")
    return Terraform(program, mirror, tmp_path)


def documents() -> list[Document]:
    """The published flows from S3 to S3, by the names of their files."""
    paths = sorted([*FLOWS.glob("tf-acc-*.json"), *FLOWS.glob("fdmsantos-*.json")])
    found = [(path.stem, read(str(path), path.read_bytes(), {})[0]) for path in paths]
    return [replace(each, name=name, request={**each.request, "flowName": name}) for name, each in found]


def with_its_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """As a state has it: what AppFlow fills in, without what the provider takes for nothing."""
    kept = dict(with_defaults(request))
    for task in kept["tasks"]:
        for name in [name for name in ("destinationField", "taskProperties") if not task.get(name)]:
            task.pop(name, None)
    return kept


def comparable(request: dict[str, Any]) -> dict[str, Any]:
    """Without what AWS answers beside what was asked for; tasks sorted, for a state has them as a set."""
    kept = with_its_defaults(json.loads(json.dumps(request)))
    for place in bucket_places(kept)[1:]:
        output = place["s3OutputFormatConfig"]
        output["preserveSourceDataTyping"] = output.get("preserveSourceDataTyping", False)
        output["prefixConfig"].setdefault("pathPrefixHierarchy", [])
        output["aggregationConfig"].pop("targetFileSize", None)
    kept["tasks"].sort(key=partial(json.dumps, sort_keys=True))
    return {name: part for name, part in kept.items() if name != "kmsArn" and part}


def test_documents_are_applied_and_settle_and_are_read_back(
    terraform: Terraform, headrace: Headrace, tmp_path: Path
) -> None:
    written = documents()
    for each in written:
        source, *_ = bucket_places(json.loads(json.dumps(each.request)))
        headrace.put_object(
            source["bucketName"], f"{source['bucketPrefix']}/1.csv", b"testField,aThirdTestField\na,b\n"
        )
    (tmp_path / "flows.tf.json").write_text(write(written, "terraform"), "utf-8")
    terraform("init", "-input=false")

    terraform("apply", "-auto-approve", "-input=false")

    # 2 would be: there is something to change.
    terraform("plan", "-detailed-exitcode", "-input=false")
    state = terraform("show", "-json")
    found = {each.name: each.request for each in read("state.json", state, {})}
    for each in written:
        assert comparable(dict(found[each.name])) == comparable(dict(each.request)), each.name
