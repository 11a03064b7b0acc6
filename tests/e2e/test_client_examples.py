"""The programs of examples/ and of the README that use the Python client."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.client import Client, Timeouts
from headrace.client.types import CreateFlowInput
from tests.e2e.test_client import flow
from tests.standins.processes import PATIENCE_S
from tests.standins.service import ServiceProcess

ROOT = Path(__file__).parents[2]


def planted(start: Callable[..., ServiceProcess]) -> ServiceProcess:
    """A running service with some orders, one of them bad."""
    service = start()
    folder = service.data / "buckets" / "raw" / "orders"
    folder.mkdir(parents=True)
    (folder / "today.csv").write_bytes(b"id,amount\n1,12.50\n2,oops\n3,7\n")
    return service


def ended(service: ServiceProcess, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        env=service.caller_environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("example", ["start_flow.py", "start_flow_async.py"])
def test_the_examples_run(headrace_service: Callable[..., ServiceProcess], example: str) -> None:
    service = planted(headrace_service)
    with Client(endpoint_url=service.url, environment={}, timeouts=Timeouts(read_s=PATIENCE_S)) as client:
        client.send(CreateFlowInput.from_document(flow("orders")))
    done = ended(service, ROOT / "examples" / example, "orders")
    assert (done.returncode, done.stderr) == (0, "")
    assert "uccessful" in done.stdout
    absent = ended(service, ROOT / "examples" / example, "absent")
    assert absent.returncode == 1
    assert absent.stderr.startswith("ResourceNotFoundException: ")


def test_the_programs_of_the_readme_run(headrace_service: Callable[..., ServiceProcess]) -> None:
    service = planted(headrace_service)
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(programs) == 2
    done = ended(service, "-c", "\n".join(programs))
    assert (done.returncode, done.stderr) == (0, "")
    assert "put_failures_count=1" in done.stdout
    assert "records_processed=3" in done.stdout
