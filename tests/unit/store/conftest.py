from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headrace.store.store import Store
from tests.standins.stores import StorePlace
from tests.unit.store.rows import add_flow, write


@pytest.fixture(name="store")
def open_store(store_place: StorePlace) -> Iterator[Store]:
    with closing(store_place.open(executions_kept=3)) as store:
        yield store


@pytest.fixture(name="file_store")
def open_file_store(tmp_path: Path) -> Iterator[Store]:
    """For what is so of the file alone."""
    with closing(Store.open(tmp_path / "data", executions_kept=3)) as store:
        yield store


@pytest.fixture(name="queue_store")
def store_with_a_flow(store: Store) -> Store:
    write(store, add_flow)
    return store
