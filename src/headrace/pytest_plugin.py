r"""The fixture `headrace` for tests of flows: a whole service in the process of the test, on a clock turned by hand.

    def test_orders_are_cleaned(headrace):
        headrace.put_object("raw", "orders/1.csv", "id,amount\n1,5\n")
        headrace.apply("flows/orders.json")
        assert headrace.run("orders").records == [{"id": "1", "amount": "5"}]

Nothing of headrace is imported until a test asks for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from headrace.testing import Headrace


@pytest.fixture
def headrace_settings() -> Mapping[str, str]:
    """The settings of the service, as environment variables: a project's own fixture of this name changes them."""
    return {}


@pytest.fixture
def headrace(tmp_path: Path, headrace_settings: Mapping[str, str]) -> Generator[Headrace]:
    """A service for one test, with a data folder of its own; see `headrace.testing.Headrace`."""
    running = importlib.import_module("headrace.testing").running
    with running(tmp_path / "headrace", settings=headrace_settings) as service:
        yield service
