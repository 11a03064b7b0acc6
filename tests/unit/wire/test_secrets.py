"""Secrets for custom connectors: over real HTTP, with boto3's own client."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from headrace.clock import SystemClock
from headrace.connector_sdk.records import Connection, Credentials
from headrace.connector_sdk.secret_text import secret_text
from headrace.log import Log
from headrace.operations.connector_secrets import ConnectorSecrets
from headrace.settings import Settings
from headrace.store.secrets import Sealer
from headrace.store.tx import Tx
from headrace.wire.app import create_app
from headrace.wire.callers import AccessKey
from headrace.wire.policy import parse_policy
from headrace.wire.server import HttpServer, bind
from tests.unit.operations.calls import Calls, serving
from tests.unit.operations.profiles import profile

MINE, OTHER = (f"arn:aws:lambda:us-east-1:123456789012:function:{name}" for name in ("mine", "other"))
READER = AccessKey(
    "AKIAREADER0000000000",
    "reader's secret",
    "123456789012",
    "arn:aws:iam::123456789012:user/reader",
    parse_policy({"Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}),
)
ADMIN = AccessKey("AKIAADMIN00000000000", "admin's secret", "123456789012", "arn:aws:iam::123456789012:user/admin")
ELSEWHERE = replace(READER, access_key_id="AKIAELSEWHERE0000000", account="999999999999")


@dataclass
class Vault:
    """A service that has one custom profile, ann, of the connector behind MINE."""

    call: Calls
    secrets: ConnectorSecrets
    url: str
    log: io.StringIO

    @property
    def arn(self) -> str:
        (shown,) = self.call("DescribeConnectorProfiles", connectorProfileNames=["ann"])["connectorProfileDetails"]
        return shown["credentialsArn"]

    def as_connector(self, lambda_arn: str) -> Any:
        """A client with the environment of the connector's process."""
        given = self.secrets.environment(lambda_arn)
        return self.client(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])

    def client(self, key_id: str, secret: str) -> Any:
        return boto3.client(
            "secretsmanager",
            endpoint_url=self.secrets.environment(MINE)["AWS_ENDPOINT_URL_SECRETS_MANAGER"],
            region_name="us-east-1",
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
        )


def owner(_tx: Tx, _account: str, _region: str, label: str) -> str | None:
    return {"mine": MINE}.get(label)


def find_key(access_key_id: str, /) -> Future[AccessKey | None]:
    future: Future[AccessKey | None] = Future()
    future.set_result({key.access_key_id: key for key in (READER, ADMIN, ELSEWHERE)}.get(access_key_id))
    return future


@contextmanager
def opened(folder: Path) -> Generator[Vault]:
    with ExitStack() as stack:
        call = stack.enter_context(serving(folder))
        listening = stack.enter_context(bind("127.0.0.1", 0))
        log = io.StringIO()
        urls: list[str] = []
        desk = ConnectorSecrets(call.store, Sealer.open_folder(folder), owner, lambda: urls[0])
        app = create_app(
            dispatcher=call.dispatcher,
            settings=Settings(data=folder),
            clock=SystemClock(),
            keys=find_key,
            log=Log(log, form="json"),
            secrets=desk,
        )
        server = HttpServer(app, listening, "127.0.0.1")
        server.start()
        stack.callback(server.stop)
        urls.append(server.url)
        call("CreateConnectorProfile", profile("CustomConnector"))
        yield Vault(call, desk, server.url, log)


@pytest.fixture(name="vault")
def open_vault(tmp_path: Path) -> Iterator[Vault]:
    with opened(tmp_path / "data") as vault:
        yield vault


def code_of(ask: Any) -> str:
    with pytest.raises(ClientError) as raised:
        ask()
    assert "planted" not in str(raised.value)
    return raised.value.response["Error"]["Code"]


def test_a_connector_reads_the_secret_of_its_own_profile(vault: Vault) -> None:
    answer = vault.as_connector(MINE).get_secret_value(SecretId=vault.arn)
    assert json.loads(answer["SecretString"]) == {
        "userName": "ann",
        "username": "ann",
        "password": "planted-password",
    }
    assert answer["ARN"] == vault.arn
    assert answer["Name"] == "appflow!123456789012-ann-1767323045678"
    assert answer["VersionStages"] == ["AWSCURRENT"]
    assert "planted" not in vault.log.getvalue()
    assert '"event":"GetSecretValue"' in vault.log.getvalue()


def test_no_other_connector_reads_it(vault: Vault) -> None:
    arn = vault.arn
    assert code_of(lambda: vault.as_connector(OTHER).get_secret_value(SecretId=arn)) == "AccessDeniedException"


def test_a_secret_that_is_not_there_is_refused_as_one_that_is_anothers(vault: Vault) -> None:
    client = vault.as_connector(MINE)
    assert code_of(lambda: client.get_secret_value(SecretId=vault.arn[:-1])) == "AccessDeniedException"
    vault.call("CreateConnectorProfile", profile("Veeva", "builtin"))
    shown = vault.call("DescribeConnectorProfiles", connectorProfileNames=["builtin"])["connectorProfileDetails"]
    builtin = shown[0]["credentialsArn"]
    for allowed in (client, vault.client(READER.access_key_id, READER.secret)):
        assert code_of(lambda each=allowed: each.get_secret_value(SecretId=builtin)) == "AccessDeniedException"


def test_the_secret_of_a_deleted_profile_is_gone(vault: Vault) -> None:
    arn, client = vault.arn, vault.as_connector(MINE)
    vault.call("DeleteConnectorProfile", connectorProfileName="ann")
    assert code_of(lambda: client.get_secret_value(SecretId=arn)) == "AccessDeniedException"


def test_a_signature_counts_even_where_the_api_is_open(vault: Vault) -> None:
    key_id = vault.secrets.environment(MINE)["AWS_ACCESS_KEY_ID"]
    arn = vault.arn
    forged = vault.client(key_id, "guessed")
    assert code_of(lambda: forged.get_secret_value(SecretId=arn)) == "InvalidSignatureException"
    stranger = vault.client("AKIANOBODY0000000000", "guessed")
    assert code_of(lambda: stranger.get_secret_value(SecretId=arn)) == "UnrecognizedClientException"


def test_an_unsigned_request_gets_nothing(vault: Vault) -> None:
    headers = {"x-amz-target": "secretsmanager.GetSecretValue"}
    reply = httpx.post(vault.url, json={"SecretId": vault.arn}, headers=headers, trust_env=False)
    assert (reply.status_code, reply.json()["__type"]) == (403, "MissingAuthenticationTokenException")


def test_an_access_key_reads_secrets_only_where_its_policy_says_so(vault: Vault) -> None:
    arn = vault.arn
    answer = vault.client(READER.access_key_id, READER.secret).get_secret_value(SecretId=arn)
    assert "planted-password" in answer["SecretString"]
    for key in (ADMIN, ELSEWHERE):
        client = vault.client(key.access_key_id, key.secret)
        assert code_of(lambda each=client: each.get_secret_value(SecretId=arn)) == "AccessDeniedException"


def test_other_operations_of_secrets_manager_are_not_served(vault: Vault) -> None:
    assert code_of(vault.as_connector(MINE).list_secrets) == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"SecretId": 1}', b'{"SecretId": ""}'])
def test_a_request_that_names_no_secret_is_told_so(vault: Vault, body: bytes) -> None:
    given = vault.secrets.environment(MINE)
    reply = signed_post(vault.url, given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], body)
    assert (reply.status_code, reply.json()["__type"]) == (400, "InvalidParameterException")


def test_a_connection_that_is_being_tried_can_be_read_meanwhile(vault: Vault) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:appflow!123456789012-new-1-000002"
    client = vault.as_connector(MINE)
    with vault.secrets.trying(connection(arn, {"apiKey": "planted-key"})):
        answer = client.get_secret_value(SecretId=arn)
        assert json.loads(answer["SecretString"]) == {"apiKey": "planted-key"}
        other = vault.as_connector(OTHER)
        assert code_of(lambda: other.get_secret_value(SecretId=arn)) == "AccessDeniedException"
        with vault.secrets.trying(connection(arn, {"apiKey": "planted-second"})):
            assert "planted-second" in client.get_secret_value(SecretId=arn)["SecretString"]
        assert "planted-key" in client.get_secret_value(SecretId=arn)["SecretString"]
    assert code_of(lambda: client.get_secret_value(SecretId=arn)) == "AccessDeniedException"


def test_a_connector_keeps_its_key_and_no_two_share_one(vault: Vault) -> None:
    mine, other = vault.secrets.environment(MINE), vault.secrets.environment(OTHER)
    assert mine == vault.secrets.environment(MINE)
    assert mine["AWS_ACCESS_KEY_ID"] != other["AWS_ACCESS_KEY_ID"]
    assert mine["AWS_SECRET_ACCESS_KEY"] != other["AWS_SECRET_ACCESS_KEY"]
    assert mine["AWS_REGION"] == "us-east-1"


@pytest.mark.parametrize(
    "kind, values, secret",
    [
        (
            "OAuth2",
            {"clientId": "c", "clientSecret": "s", "accessToken": "a", "refreshToken": "r"},
            {"accessToken": "a", "refreshToken": "r"},
        ),
        ("ApiKey", {"apiKey": "k", "apiSecretKey": "s"}, {"apiKey": "k", "secretKey": "s", "apiSecretKey": "s"}),
        (
            "CustomAuth",
            {"customAuthenticationType": "t", "one": "1"},
            {"authenticationType": "t", "customCredentials": {"one": "1"}},
        ),
    ],
)
def test_a_secret_has_the_names_that_both_kits_read(kind: Any, values: dict[str, str], secret: dict[str, Any]) -> None:
    assert json.loads(secret_text(connection("arn", values, kind))) == secret


def connection(arn: str, values: dict[str, str], kind: Any = "ApiKey") -> Connection:
    return Connection("123456789012", "us-east-1", "new", "CustomConnector", "mine", {}, Credentials(kind, values), arn)


def signed_post(url: str, key_id: str, secret: str, body: bytes) -> httpx.Response:
    from_boto = boto3.Session(key_id, secret, region_name="us-east-1").get_credentials()
    request = AWSRequest("POST", url + "/", data=body, headers={"x-amz-target": "secretsmanager.GetSecretValue"})
    SigV4Auth(from_boto, "secretsmanager", "us-east-1").add_auth(request)
    return httpx.post(url + "/", content=body, headers=dict(request.headers), trust_env=False)
