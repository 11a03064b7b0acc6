from __future__ import annotations

import pytest

from tests.house.sources import Source, tracked


@pytest.fixture(scope="session")
def sources() -> tuple[Source, ...]:
    return tracked()


@pytest.fixture(scope="session")
def python(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    return tuple(source for source in sources if source.is_python and not source.is_generated)
