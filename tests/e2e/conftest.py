from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.e2e.life import Place
from tests.standins import cap
from tests.standins.callers import AwsCli, Boto3, Caller, JavaScript, node_client
from tests.standins.objects import EmbeddedObjects, ServerObjects
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server
from tests.standins.service import ServiceProcess


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A service whose buckets are folders."""
    data = tmp_path_factory.mktemp("embedded") / "data"
    with closing(ServiceProcess(data)) as service:
        yield Place(service, EmbeddedObjects(data))


@pytest.fixture(scope="session")
def on_s3(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Place]:
    """A service whose buckets lie on a real S3 server."""
    data = tmp_path_factory.mktemp("on-s3") / "data"
    with (
        closing(ServerObjects(s3_server.url, ACCESS_KEY, SECRET_KEY)) as objects,
        closing(ServiceProcess(data, s3_server.environment)) as service,
    ):
        yield Place(service, objects)


@pytest.fixture(scope="session", name="cap_server")
def running_cap_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cap.Cap]:
    """SAP's OData server, one for the session."""
    modules = cap.packages()
    if modules is None:
        pytest.skip("no OData server of SAP's here: make odata-server (needs Node.js 20 or later)")
    with cap.serving(modules, tmp_path_factory.mktemp("cap") / "application") as server:
        yield server


@pytest.fixture(params=["embedded", "on_s3"])
def place(request: pytest.FixtureRequest) -> Place:
    """A running service and its buckets: embedded, and on an S3 server."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["boto3", "cli", "javascript"])
def caller_of(request: pytest.FixtureRequest) -> Iterator[Callable[[ServiceProcess], Caller]]:
    """Makes the client of one language for a service."""
    with ExitStack() as stack:

        def make(service: ServiceProcess) -> Caller:
            return stack.enter_context(closing(_caller(request.param, service)))

        yield make


def _caller(language: str, service: ServiceProcess) -> Caller:
    if language == "boto3":
        return Boto3(service)
    if language == "cli":
        return AwsCli(service)
    client = node_client()
    if client is None:
        pytest.skip("no AWS SDK for JavaScript here: make node-client (needs Node.js 20 or later)")
    return JavaScript(service, client)
