from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.runner.rig import Rig, rig


@pytest.fixture(name="rig")
def a_rig(tmp_path: Path) -> Iterator[Rig]:
    """A worker's surroundings on a data folder of the test's own."""
    with rig(tmp_path / "data") as made:
        yield made
