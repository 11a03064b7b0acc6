"""What takes long to load is loaded where it is used."""

from __future__ import annotations

import subprocess
import sys

from headrace.later import Later

_LOADED = """
import sys
from headrace.cli import run
from headrace.connector_sdk.registry import Registry
from headrace.settings import Settings
from pathlib import Path
assert {"SAPOData", "Slack"} <= Registry.load(Settings(data=Path("unused"))).record_types.keys()
print(*(name for name in %r if name in sys.modules))
"""

_WATCHED = """
import gc, sys
from headrace.__main__ import main
gc.callbacks.append(lambda phase, found: print(phase, found))
sys.argv = ["headrace", "run", "there-is-no-such-file.json"]
main()
"""


def test_a_module_is_loaded_at_the_first_look_into_it() -> None:
    assert Later("json").loads("[1]") == [1]


def test_a_run_without_a_server_loads_neither_one_nor_a_client() -> None:
    heavy = ("httpx", "uvicorn", "pyarrow", "alembic", "botocore", "headrace.model.types", "yaml", "http.cookiejar")
    heavy += ("cryptography", "obstore")
    assert loaded_of(heavy) == []


def test_connectors_are_known_before_what_connects_is_loaded() -> None:
    connecting = ("rest", "custom", "conformance", "hosts.adapters.host", "hosts.adapters.protocols")
    heavy = ("headrace.connectors.sapodata.connector", *(f"headrace.connector_sdk.{name}" for name in connecting))
    assert loaded_of(heavy) == []


def test_a_store_in_a_file_loads_neither_what_writes_its_statements_nor_postgresqls_client() -> None:
    assert loaded_of(("sqlalchemy", "headrace.store.core", "psycopg")) == []


def test_python_does_not_look_through_what_a_run_loads_while_it_loads() -> None:
    ran = subprocess.run([sys.executable, "-c", _WATCHED], check=False, capture_output=True, text=True)
    assert "there-is-no-such-file.json" in ran.stderr
    assert ran.stdout == ""


def loaded_of(names: tuple[str, ...]) -> list[str]:
    """Those of the modules that a process has loaded when it is about to run a flow."""
    ran = subprocess.run([sys.executable, "-c", _LOADED % (names,)], check=True, capture_output=True, text=True)
    return ran.stdout.split()
