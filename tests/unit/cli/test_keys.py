"""`headrace keys`: made, listed, deleted; a secret is seen once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headrace.cli.main import run

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "appflow:List*", "Resource": "*"}]}


def made(data: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[str, str]:
    """The id and the secret of a new key."""
    assert run(["keys", "create", "--data", str(data), *more]) == 0
    out = capsys.readouterr().out
    match = re.fullmatch(r"export AWS_ACCESS_KEY_ID=(\w+)\nexport AWS_SECRET_ACCESS_KEY=(\w+)\n", out)
    assert match is not None
    return match[1], match[2]


def listed(data: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["keys", "list", "--data", str(data)]) == 0
    return capsys.readouterr().out


def test_a_key_is_made_and_listed_without_its_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key_id, secret = made(tmp_path, capsys, "--user", "etl")

    lines = listed(tmp_path, capsys)

    assert key_id in lines
    assert "arn:aws:iam::000000000000:user/etl" in lines
    assert "everything" in lines
    assert secret not in lines
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


def test_a_key_may_have_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(POLICY), "utf-8")

    made(tmp_path / "data", capsys, "--policy", str(policy))

    assert "appflow:List*" in listed(tmp_path / "data", capsys)


@pytest.mark.parametrize("user", ["", "a b", "a/b", "ünal", "a\nb", "x" * 65])
def test_a_user_name_that_iam_would_not_take_makes_no_key(
    user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", "create", "--data", str(tmp_path), "--user", user]) == 2
    assert "allowed are 1 to 64 letters" in capsys.readouterr().err
    assert listed(tmp_path, capsys) == ""


@pytest.mark.parametrize("text", ["{", '{"Statement": [{"Effect": "Maybe"}]}', "[]"])
def test_a_bad_policy_makes_no_key(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(text, "utf-8")

    assert run(["keys", "create", "--data", str(tmp_path / "data"), "--policy", str(policy)]) == 2
    assert capsys.readouterr().err
    assert listed(tmp_path / "data", capsys) == ""


def test_a_policy_that_is_not_there_makes_no_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "create", "--data", str(tmp_path), "--policy", str(tmp_path / "none.json")]) == 2
    assert "none.json: No such file" in capsys.readouterr().err


def test_a_deleted_key_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key_id, _ = made(tmp_path, capsys)

    assert run(["keys", "delete", key_id, "--data", str(tmp_path)]) == 0
    assert listed(tmp_path, capsys) == ""


def test_a_key_that_is_not_there_can_not_be_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "delete", "AKIANONE", "--data", str(tmp_path)]) == 2
    assert "AKIANONE" in capsys.readouterr().err
