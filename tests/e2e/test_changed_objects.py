"""Objects that change between their listing and the end of their reading: no run takes two of them for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from headrace.connector_sdk.read_ahead import ReadAhead
from headrace.engine.coming import whole
from headrace.errors import Stop
from tests.e2e.test_object_stores_that_fail import MIB, opened
from tests.standins.faulty import Fault, FaultyProxy, faulty_proxy
from tests.standins.objects import ServerObjects
from tests.standins.one_bucket import NAME, one_bucket
from tests.standins.processes import Program, plain_environment
from tests.standins.seaweed import S3Server
from tests.standins.service import HEADRACE
from tests.standins.town import flow

# With its fields named, a run reads each object once.
NAMES = [
    {"taskType": "Filter", "connectorOperator": {"S3": "PROJECTION"}, "sourceFields": ["name"]},
    {"taskType": "Map", "sourceFields": ["name"], "destinationField": "name", "connectorOperator": {"S3": "NO_OP"}},
]


@pytest.fixture(name="objects")
def one_empty_bucket(s3_server: S3Server) -> Iterator[ServerObjects]:
    with one_bucket(s3_server) as objects:
        yield objects


@pytest.fixture(name="proxy")
def proxy_before_server(s3_server: S3Server) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_server.url) as proxy:
        yield proxy


def test_the_rest_of_an_answer_that_broke_off_is_never_that_of_another_object(
    proxy: FaultyProxy, objects: ServerObjects, tmp_path: Path
) -> None:
    objects.put(NAME, "a.csv", b"012" * MIB)
    bucket = opened(proxy.url, tmp_path, NAME)
    files = bucket.list("")
    proxy.requests.clear()

    def cut_then_change(_method: str, _path: str) -> Fault:
        if len(proxy.requests) == 1:
            return "cut"
        objects.put(NAME, "a.csv", b"210" * MIB)
        return "pass"

    proxy.rule = cut_then_change
    with pytest.raises(Stop, match=rf"s3://{NAME}/a\.csv has changed since the run began\. Start the flow again"):
        list(bucket.fetch(files, tmp_path / "scratch"))
    assert len(proxy.requests) == 2
    assert list((tmp_path / "scratch").iterdir()) == []


def test_the_parts_of_a_large_object_are_never_of_two(
    proxy: FaultyProxy, objects: ServerObjects, tmp_path: Path
) -> None:
    objects.put(NAME, "a.csv", b"01234567" * 3 * MIB)
    bucket = opened(proxy.url, tmp_path, NAME)
    files = bucket.list("")
    proxy.requests.clear()

    def change_before_the_second(_method: str, _path: str) -> Fault:
        if len(proxy.requests) > 1:
            objects.put(NAME, "a.csv", b"76543210" * 3 * MIB)
        return "pass"

    proxy.rule = change_before_the_second
    fetched = cast("ReadAhead", bucket.fetch(files, tmp_path / "scratch"))
    with pytest.raises(Stop, match=rf"s3://{NAME}/a\.csv has changed since the run began"), closing(fetched) as coming:
        list(map(whole, coming))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_run_one_of_whose_objects_changes_says_which_and_writes_nothing(
    proxy: FaultyProxy, objects: ServerObjects, s3_server: S3Server, tmp_path: Path
) -> None:
    for number in range(3):
        objects.put(NAME, f"orders/in/{number}.csv", b"n,name\n1,Ada\n")
    document = tmp_path / "flow.json"
    document.write_text(json.dumps(flow("orders", tasks=NAMES)))

    def asked() -> int:
        return sum(request.startswith("GET") and "/in/1.csv" in request for request in proxy.requests)

    proxy.rule = lambda _method, path: "hold" if "/in/1.csv" in path else "pass"
    program = _running(document, proxy, s3_server, tmp_path)
    try:
        assert proxy.held.wait(100)
        objects.put(NAME, "orders/in/1.csv", b"n,name\n2,Bob\n")
        proxy.released.set()
        assert program.wait() == 1
        assert f"s3//{NAME}/orders/in/1.csv has changed since the run began. Start the flow again" in program.output
        assert objects.read(NAME, "orders/out") == {}
        assert asked() == 1, "what has changed is not asked for again"
    finally:
        program.close()

    proxy.rule = lambda _method, _path: "pass"
    again = _running(document, proxy, s3_server, tmp_path)
    try:
        assert again.wait() == 0, again.output
    finally:
        again.close()
    names = [json.loads(body)["name"] for body in objects.read(NAME, "orders/out").values()]
    assert sorted(names) == ["Ada", "Ada", "Bob"]


def _running(document: Path, proxy: FaultyProxy, server: S3Server, folder: Path) -> Program:
    environment = {**server.environment, "AWS_ENDPOINT_URL_S3": proxy.url, "HOME": str(folder)}
    command = [*HEADRACE, "run", str(document), "--data", str(folder / "data")]
    return Program(command, env=plain_environment(**environment))
