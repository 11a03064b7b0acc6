"""Random faults over four nodes for a while: `make soak` for half an hour, here for less than a minute.

SOAK_MINUTES says for how long and SOAK_SEED with which luck; the page of figures is printed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from tests.e2e.soak import Soak
from tests.standins.faulty import faulty_proxy
from tests.standins.one_bucket import one_bucket
from tests.standins.postgres import MISSING, Server, is_installed, server
from tests.standins.seaweed import S3Server
from tests.standins.told import listening
from tests.standins.town import Town

NODES = ("serve", "serve --no-work", "work", "work")
MINUTES = float(os.environ.get("SOAK_MINUTES", "0.5"))
SEED = int(os.environ.get("SOAK_SEED", "20260102"))


@pytest.fixture(name="postgres")
def running_server() -> Iterator[Server]:
    """A PostgreSQL that may be stopped."""
    if not is_installed():
        pytest.skip(MISSING)
    with server() as made:
        yield made


@pytest.mark.timeout(MINUTES * 120 + 600)
def test_nothing_is_lost_or_done_twice_whatever_fails(
    postgres: Server, s3_server: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    luck, began = Random(SEED), monotonic()
    url = postgres.postgres.new_database()
    with (
        faulty_proxy(s3_server.url) as proxy,
        one_bucket(s3_server) as objects,
        listening(lambda _: (503 if luck.random() < 0.05 else 200, b"")) as hook,
        closing(Town(tmp_path, url, s3_server, proxy, objects, NODES, HEADRACE_NOTIFY=hook.url)) as town,
    ):
        soak = Soak(town, postgres, url, luck)
        soak.begin()
        soak.go_on(MINUTES * 60)
        soak.calm_down()
        figures = soak.check(hook)
    whole = {"seed": SEED, "minutes": MINUTES, "nodes": NODES, **figures, "seconds": round(monotonic() - began)}
    with capsys.disabled():
        print(f"\n{json.dumps(whole, indent=2)}")
