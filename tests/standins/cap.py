"""SAP's own OData server on loopback, versions 2 and 4: CAP, with the services of tests/standins/odata."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.standins.processes import PATIENCE_S, Program, free_ports, plain_environment

APPLICATION = Path(__file__).with_name("odata")
USER, PASSWORD = "alice", "secret-of-alice"
V4, V2 = "/sales", "/odata/v2/sales"


@dataclass(frozen=True)
class Cap:
    """Where a running server listens."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table as the database holds it, past OData."""
        return httpx.get(f"{self.url}/rows/{table}", timeout=PATIENCE_S).raise_for_status().json()


def packages() -> Path | None:
    """Where `make odata-server` put the server, None where it or Node.js is missing."""
    place = os.environ.get("ODATA_SERVER")
    folder = Path(place) if place else Path.home() / ".cache" / "headrace" / "odata-server"
    is_there = (folder / "node_modules" / "@sap" / "cds").is_dir()
    return folder / "node_modules" if is_there and shutil.which("node") else None


@contextmanager
def serving(modules: Path, folder: Path) -> Generator[Cap]:
    """Start it, wait until it listens (some two seconds), and kill its process group at the end."""
    shutil.copytree(APPLICATION, folder)
    (folder / "node_modules").symlink_to(modules)
    (port,) = free_ports(1)
    running = Program(
        ["node", "node_modules/@sap/cds/bin/serve.js"],
        env=plain_environment(HOME=str(folder), PORT=str(port), NO_COLOR="1"),
        cwd=folder,
    )
    try:
        running.find(r"server listening on")
        yield Cap(port)
    finally:
        running.close()
