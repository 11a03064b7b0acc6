"""Where the calls of the command line go, and who they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.cli.reaching import client_of, line_of, service_url
from headrace.errors import InternalServerException

HERE = {"HEADRACE_HOST": "127.0.0.2", "HEADRACE_PORT": "8181"}
AWS = "https://appflow.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "given, environment, expected",
    [
        (None, {}, "http://127.0.0.1:8080"),
        (None, HERE, "http://127.0.0.2:8181"),
        (None, HERE | {"AWS_ENDPOINT_URL_APPFLOW": "http://there"}, "http://there"),
        ("http://told", HERE | {"AWS_ENDPOINT_URL_APPFLOW": "http://there"}, "http://told"),
        (None, {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a"}, "http://127.0.0.1:8080"),
        (None, {"AWS_ENDPOINT_URL": "http://buckets"}, "http://127.0.0.1:8080"),
    ],
)
def test_calls_stay_on_this_machine_unless_told_otherwise(
    given: str | None, environment: dict[str, str], expected: str
) -> None:
    assert service_url(given, environment) == expected
    with client_of(url=given, region=None, profile=None, environment={"HOME": "/nowhere", **environment}) as client:
        assert client.endpoint_url == expected


def test_aws_is_reached_by_its_address(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "AWS_REGION": "us-east-1"}
    with client_of(url=AWS, region="eu-west-1", profile=None, environment=environment) as client:
        assert (client.endpoint_url, client.region) == (AWS, "eu-west-1")


def test_a_fault_of_the_service_is_told_with_its_request() -> None:
    error = InternalServerException("headrace failed")
    error.request_id = "r-7"
    assert line_of(error).endswith("the service's log says more. (request r-7)")
