from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.operations.calls import Calls, serving


@pytest.fixture(name="call")
def operations(tmp_path: Path) -> Iterator[Calls]:
    with serving(tmp_path / "data") as calls:
        yield calls
