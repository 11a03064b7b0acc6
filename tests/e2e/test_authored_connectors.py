"""A connector written with the SDK, on a service: in a process of its own, and behind HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from botocore.exceptions import ClientError

from headrace.connector_sdk.hosts.book import Http, to_document
from headrace.connector_sdk.lambda_handler import lambda_handler
from headrace.connector_sdk.lambda_http import http_application
from headrace.store import connectors
from headrace.testing import Headrace, running
from tests.e2e import custom
from tests.standins.shop import PASSWORD, Shop, secret

ROOT = Path(__file__).parents[2]


class _Silent(WSGIRequestHandler):
    statuses: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: Any) -> None:
        self.statuses.append(format % args)


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        yield service


@pytest.fixture(name="appflow")
def client(service: Headrace) -> Iterator[Any]:
    with closing(custom.client(service)) as appflow:
        yield appflow


def profile(password: str = PASSWORD, **properties: str) -> dict[str, Any]:
    credentials = {"authenticationType": "BASIC", "basic": {"username": "ann", "password": password}}
    return custom.profile("shop", "Shop", credentials, **({"branch": "north"} | properties))


def customers_read(service: Headrace, appflow: Any) -> list[dict[str, Any]]:
    record = custom.run(service, appflow, custom.from_connector("read", "shop", "customer", "id", "name"))
    assert record["executionStatus"] == "Successful", record
    (key,) = service.list_objects("lake")
    return [json.loads(line) for line in service.get_object("lake", key).splitlines()]


def test_it_runs_in_a_process_of_its_own_and_fetches_its_credentials(service: Headrace, appflow: Any) -> None:
    custom.host(service, "tests.standins.shop:handler", folder=ROOT)
    appflow.register_connector(**custom.registration("Shop"))
    with pytest.raises(ClientError, match="ann and this password are not known here"):
        appflow.create_connector_profile(**profile("wrong"))
    with pytest.raises(ClientError, match="branch: is 'west': allowed are north, south"):
        appflow.create_connector_profile(**profile(branch="west"))
    appflow.create_connector_profile(**profile())
    listed = appflow.list_connector_entities(connectorProfileName="shop")["connectorEntityMap"]["Objects"]
    assert [each["name"] for each in listed] == ["customer", "archive", "journal", "nothing"]
    assert customers_read(service, appflow)[-1] == {"id": 23, "name": "customer 23"}
    service.put_object("raw", "in/a.csv", b"id,name\n100,new\n101,\n")
    record = custom.run(service, appflow, custom.to_connector("write", "shop", "customer", "id", "name"))
    assert record["executionResult"]["recordsProcessed"] == 2
    (rejects,) = (service.data / "rejects" / "write").glob("*/*.json")
    assert "name is missing" in rejects.read_text()


@contextmanager
def behind_http() -> Generator[str]:
    application = http_application(lambda_handler(Shop, secrets=lambda _: secret()))
    with make_server("127.0.0.1", 0, application, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_it_runs_unchanged_behind_plain_http(service: Headrace, appflow: Any) -> None:
    with behind_http() as url:
        store = service.service.backend.store
        store.write(lambda tx: connectors.put_place(tx, custom.ARN, to_document(Http(url)))).result()
        appflow.register_connector(**custom.registration("Shop"))
        appflow.create_connector_profile(**profile())
        assert len(customers_read(service, appflow)) == 23
