"""What takes long to load is loaded where it is used."""

from __future__ import annotations

import subprocess
import sys

from headrace.later import Later

_LOADED = "import sys, headrace.backend, headrace.cli.run; print(*(name for name in {!r} if name in sys.modules))"


def test_a_module_is_loaded_at_the_first_look_into_it() -> None:
    assert Later("json").loads("[1]") == [1]


def test_a_run_without_a_server_loads_neither_one_nor_a_client() -> None:
    heavy = ("httpx", "uvicorn", "pyarrow", "alembic", "botocore", "headrace.model.types")
    ran = subprocess.run([sys.executable, "-c", _LOADED.format(heavy)], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == []
