from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.client.rig import Answer, Outcome, Rig


@pytest.fixture(params=["threads", "async"])
def rig_of(request: pytest.FixtureRequest) -> Callable[..., Rig]:
    """Makes a rig of Client, then of AsyncClient: rig_of(*outcomes, **options)."""

    def make(*outcomes: Outcome | Answer, **options: Any) -> Rig:
        return Rig(request.param, outcomes, options)

    return make
