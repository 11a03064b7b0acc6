"""Credentials: given, from the environment, from botocore's chain, or none at all."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from headrace.client import Client, Credentials, NoCredentials, NoEndpoint
from headrace.client.credentials import FromChain, FromEnvironment, InTurn, session_of
from tests.unit.client.rig import Rig, reply

RigOf = Callable[..., Rig]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret"}
MADE_UP = "[work]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\nregion = eu-north-1\n"


def no_botocore(name: str) -> Any:
    if name.startswith("botocore"):
        raise ModuleNotFoundError(name)
    return import_module(name)


def used(rig: Rig) -> str | None:
    rig.run(lambda client: client.list_flows().send())
    authorization = rig.request.headers.get("authorization", "")
    return authorization.partition("Credential=")[2].partition("/")[0] or None


def test_credentials_that_are_given_count_most(rig_of: RigOf) -> None:
    rig = rig_of(reply({}), credentials=Credentials("AKIDGIVEN", "secret", "tok"), environment=KEYS)
    assert used(rig) == "AKIDGIVEN"
    assert rig.request.headers["x-amz-security-token"] == "tok"


def test_credentials_may_be_asked_for_each_time(rig_of: RigOf) -> None:
    keys = iter([Credentials("AKID1", "s"), Credentials("AKID2", "s")])
    rig = rig_of(reply({}), credentials=lambda: next(keys))
    assert used(rig) == "AKID1"
    rig.network.requests.clear()
    assert used(rig) == "AKID2"


def test_the_environment_has_credentials(rig_of: RigOf) -> None:
    rig = rig_of(reply({}), environment=KEYS | {"AWS_SESSION_TOKEN": "tok"})
    assert used(rig) == "AKIDENV"
    assert rig.request.headers["x-amz-security-token"] == "tok"


def test_an_address_of_ones_own_is_called_unsigned_without_any(rig_of: RigOf) -> None:
    rig = rig_of(reply({}), environment={})
    assert used(rig) is None
    assert rig.request.headers["host"] == "headrace.test:8080"


@pytest.mark.parametrize("name", sorted(KEYS))
def test_half_of_the_credentials_are_none(name: str) -> None:
    [lacking] = KEYS.keys() - {name}
    with pytest.raises(NoCredentials, match=f"not {lacking}"):
        FromEnvironment({name: "x"}).find()


def test_aws_without_credentials_and_without_botocore_says_what_to_do() -> None:
    with pytest.raises(NoCredentials, match="install botocore"):
        FromChain(None, no_botocore).find()
    assert session_of(None, no_botocore) is None


@pytest.fixture(name="shared_files")
def files_of_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """botocore reads the process's own environment."""
    for name in (*KEYS, "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "credentials").write_text(MADE_UP, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("shared_files")
def test_the_chain_finds_a_profile_with_its_region(rig_of: RigOf) -> None:
    rig = rig_of(reply({}), endpoint_url=None, profile="work", environment={})
    assert rig.client.endpoint_url == "https://appflow.eu-north-1.amazonaws.com"
    assert used(rig) == "AKIDFILE"


@pytest.mark.usefixtures("shared_files")
def test_a_profile_that_is_named_by_the_environment_is_used_for_any_address(rig_of: RigOf) -> None:
    assert used(rig_of(reply({}), environment={"AWS_PROFILE": "work"})) == "AKIDFILE"


@pytest.mark.usefixtures("shared_files")
def test_an_empty_chain_says_what_to_do(rig_of: RigOf) -> None:
    rig = rig_of(reply({}), endpoint_url=None, region="us-east-1", environment={})
    with pytest.raises(NoCredentials, match="Neither the environment nor botocore's chain has credentials"):
        used(rig)


@pytest.mark.usefixtures("shared_files")
def test_a_profile_that_is_not_there_is_named(rig_of: RigOf) -> None:
    with pytest.raises(NoCredentials, match="play"):
        used(rig_of(reply({}), profile="play"))


@pytest.mark.usefixtures("shared_files")
def test_neither_address_nor_region_says_what_to_do() -> None:
    with pytest.raises(NoEndpoint, match=r"Where is the service.*AWS_ENDPOINT_URL_APPFLOW.*AWS_REGION"):
        Client(environment={})


def test_the_chain_is_asked_again_once_its_credentials_are_past_their_time(shared_files: Path) -> None:
    chain = FromChain("work")
    assert chain.find().access_key_id == "AKIDFILE"
    (shared_files / "credentials").write_text(MADE_UP.replace("AKIDFILE", "AKIDNEW"), encoding="utf-8")
    assert chain.find().access_key_id == "AKIDFILE"
    InTurn({}, chain).forget()
    assert chain.find().access_key_id == "AKIDNEW"
