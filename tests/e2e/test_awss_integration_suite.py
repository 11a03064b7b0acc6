"""AWS's own integration suite for custom connectors, of the package custom-connector-sdk, driving headrace."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e import custom
from tests.standins.processes import plain_environment
from tests.standins.salesforce import Salesforce
from tests.standins.seaweed import S3Server
from tests.standins.service import HEADRACE, ServiceProcess

TOKEN = "planted-access-token"
ACCOUNTS = [{"Id": f"001{number}", "Name": f"Account {number}"} for number in range(20)]
FLOWS = {
    "onDemandFromS3TestConfigurations": [
        {
            "flowName": "to-salesforce",
            "entityName": "Account",
            "writeOperationType": "INSERT",
            "dataGeneratorClassName": "custom_connector_example.integ_test.sales_generator.SalesForceTestData",
            "destinationRuntimeProperties": {},
            "flowTimeout": 10,
        }
    ],
    "onDemandToS3TestConfigurations": [
        {
            "flowName": "from-salesforce",
            "entityName": "Account",
            "entityFields": ["Id", "Name"],
            "sourceRuntimeProperties": {},
            "flowTimeout": 10,
        }
    ],
}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:Sample"


@pytest.fixture(name="salesforce")
def stand_in() -> Iterator[Salesforce]:
    with closing(Salesforce(TOKEN, ACCOUNTS)) as application:
        yield application


def hosted(data: Path) -> None:
    """Host the example as a user does."""
    command = [*HEADRACE, "connectors", "host", "Sample", "salesforce_connector:handle", "--data", data]
    subprocess.run([*command, "--folder", custom.STANDINS], env=plain_environment("HOME"), check=True)


@contextmanager
def secrets_manager(secret: dict[str, str]) -> Generator[str]:
    """A stand-in of Secrets Manager with one secret; its URL."""
    answer = json.dumps({"SecretString": json.dumps(secret)}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def oauth2(salesforce: Salesforce) -> dict[str, str]:
    return {"tokenUrl": f"{salesforce.url}/token", "oAuth2GrantType": "AUTHORIZATION_CODE"}


def configuration(folder: Path, salesforce: Salesforce) -> Path:
    """What the suite reads: the example's own, with other addresses."""
    entities = folder / "entities.json"
    account = {"name": "Account", "label": "Account", "hasNestedEntities": False}
    entities.write_text(json.dumps({"connectorEntityMap": {"Objects": [account]}}))
    document = {
        "customConnectorConfigurations": [{"name": "connector1", "lambdaArn": ARN}],
        "customConnectorProfileConfigurations": [
            {
                "connectorName": "connector1",
                "name": "profile1",
                "profileProperties": {"instanceUrl": salesforce.url, "is_sandbox_account": "false"},
                "defaultApiVersion": "v51.0",
                "authenticationType": "OAUTH2",
                "oAuth2Properties": oauth2(salesforce),
                "secretsManagerArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:suite",
            }
        ],
        "testBucketConfiguration": {"bucketName": "suite", "bucketPrefix": ""},
        "listConnectorEntitiesTestConfigurations": [{"validationFileName": str(entities)}],
        "describeConnectorEntityTestConfigurations": [{"entityName": "Account"}],
        **FLOWS,
    }
    path = folder / "suite.json"
    path.write_text(json.dumps(document))
    return path


def test_awss_suite_passes(
    tmp_path: Path, s3_server: S3Server, salesforce: Salesforce, headrace_service: Callable[..., ServiceProcess]
) -> None:
    hosted(tmp_path / "data")
    service = headrace_service(s3_server.environment, tmp_path / "data")
    keys = {name: value for name, value in s3_server.environment.items() if name.startswith("AWS_")}
    with closing(boto3.client("s3", endpoint_url=s3_server.url, **_keys(keys))) as s3:
        s3.create_bucket(Bucket="suite")
    environment = plain_environment("HOME") | keys
    environment |= {
        "TEST_CONFIG": str(configuration(tmp_path, salesforce)),
        "AWS_ENDPOINT_URL_APPFLOW": service.url,
    }
    suite = [sys.executable, "-m", "unittest", "-v", "custom_connector_example.integ_test.sales_test_case.SalesTest"]
    with secrets_manager({"accessToken": TOKEN}) as url:
        environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = url
        said = subprocess.run(suite, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr + service.program.output
    assert "Ran 6 tests" in said.stderr
    assert "skipped" not in said.stderr
    assert salesforce.written == [{"Name": "aaron", "Description": "first account!"}]


def _keys(environment: dict[str, str]) -> dict[str, str]:
    return {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "region_name": "us-east-1",
    }
