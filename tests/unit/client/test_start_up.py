"""A script that makes one call loads little for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[3] / "src"

PROGRAM = """
import json, sys
from headrace.client import Client, ConnectionFailed, Retrying

client = Client(endpoint_url="http://127.0.0.1:1", environment={}, retrying=Retrying(attempts=1))
try:
    client.start_flow(flow_name="orders")
except ConnectionFailed:
    print(json.dumps(sorted(sys.modules)))
"""

# Each takes longer to load than the whole client may.
SLOW = {"asyncio", "botocore", "dataclasses", "email", "http", "httpx", "inspect", "logging", "msgspec", "ssl", "uuid"}


def test_one_call_loads_only_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(json.loads(done.stdout))
    assert {each.split(".")[0] for each in loaded} & SLOW == set()
    operations = {each for each in loaded if each.startswith("headrace.client.operations.")}
    assert operations == {"headrace.client.operations.start_flow"}
    assert not loaded & {"headrace.client.structures", "headrace.client.enums", "headrace.model.api"}
