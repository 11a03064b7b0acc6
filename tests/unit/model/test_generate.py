"""The generated model: fresh, the same every time, and complete."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.loaders import Loader

from headrace import errors
from headrace.model.api import ERROR_STATUS, OPERATIONS, SHAPES
from headrace.model.shapes import ListShape, MapShape, String, Structure

ROOT = Path(__file__).resolve().parents[3]
GENERATOR = ROOT / "tools" / "generate.py"


@pytest.fixture(name="botocore_model", scope="module")
def load_botocore_model() -> dict:
    return Loader().load_service_model("appflow", "service-2")


def test_the_generated_files_are_fresh() -> None:
    answer = subprocess.run([sys.executable, GENERATOR, "--check"], check=False, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_stale_file_is_named_and_fails_the_check(tmp_path: Path) -> None:
    copy = tmp_path / "tools" / "generate.py"
    shutil.copytree(GENERATOR.parent, copy.parent)
    answer = subprocess.run([sys.executable, copy, "--check"], check=False, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "api.py is stale" in answer.stderr
    assert "types.py is stale" in answer.stderr
    assert "operations/start_flow.py is stale" in answer.stderr
    assert "start-flow.md is stale" in answer.stderr


def test_an_unknown_argument_writes_nothing() -> None:
    answer = subprocess.run([sys.executable, GENERATOR, "--chekc"], check=False, capture_output=True, text=True)
    assert answer.returncode == 2


@pytest.mark.parametrize("name", ["api.py", "types.py"])
def test_a_generated_file_says_so_on_its_first_line(name: str) -> None:
    first = (ROOT / "src" / "headrace" / "model" / name).read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("#")
    assert "generated" in first


def test_all_25_operations_are_there_with_their_paths(botocore_model: dict) -> None:
    paths = {
        name: (one["http"]["method"], one["http"]["requestUri"]) for name, one in botocore_model["operations"].items()
    }
    assert {name: (one.method, one.path) for name, one in OPERATIONS.items()} == paths
    assert len(OPERATIONS) == 25


def test_seven_operations_carry_a_token() -> None:
    carrying = {name for name, operation in OPERATIONS.items() if operation.idempotent_token_member == "clientToken"}
    assert carrying == {
        *("CreateFlow", "UpdateFlow", "StartFlow", "CreateConnectorProfile", "UpdateConnectorProfile"),
        *("RegisterConnector", "UpdateConnectorRegistration"),
    }


def test_only_tag_changes_answer_without_a_body() -> None:
    assert {name for name, one in OPERATIONS.items() if one.success_status == 204} == {"TagResource", "UntagResource"}


def test_the_error_classes_have_the_statuses_of_the_model() -> None:
    kinds = {kind.__name__: kind.status for kind in errors.ServiceError.__subclasses__()}
    assert kinds == ERROR_STATUS


def test_every_shape_that_is_named_is_there() -> None:
    named = {operation.input for operation in OPERATIONS.values()} | {one.output for one in OPERATIONS.values()}
    for shape in SHAPES.values():
        if isinstance(shape, Structure):
            named |= {member.shape for member in shape.members}
        elif isinstance(shape, ListShape):
            named.add(shape.member)
        elif isinstance(shape, MapShape):
            named |= {shape.key, shape.value}
    assert named == set(SHAPES)


def test_sensitive_strings_are_marked(botocore_model: dict) -> None:
    marked = {name for name, shape in SHAPES.items() if isinstance(shape, String) and shape.is_sensitive}
    known = {name for name, shape in botocore_model["shapes"].items() if shape.get("sensitive")}
    assert len(known) == 13
    assert marked == known | {"ApiToken", "ApplicationKey", "AuthCode", "Key", "RefreshToken"}
