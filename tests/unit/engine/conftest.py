from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oracle.running import Bench, open_bench


@pytest.fixture(scope="session", name="bench")
def one_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One engine for all tests: opening one takes longer than most of them."""
    with open_bench(tmp_path_factory.mktemp("engine")) as bench:
        yield bench
