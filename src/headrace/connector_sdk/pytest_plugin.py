"""The conformance suite in a project's own tests: each check of a connector is a test.

    @pytest.fixture(scope="module")
    def headrace_connector():
        return of_class(Countries)

    def test_countries(headrace_check):
        headrace_check()

Nothing of headrace is imported until a test asks for the fixture.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from headrace.connector_sdk.conformance.bench import Bench
    from headrace.connector_sdk.conformance.verdicts import Check

_FIXTURE = "headrace_check"
_RUNNING = "headrace.connector_sdk.conformance.running"
_benches: pytest.StashKey[dict[int, tuple[object, Bench]]] = pytest.StashKey()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each check."""
    if _FIXTURE in metafunc.fixturenames:
        checks: tuple[Check, ...] = importlib.import_module(_RUNNING).CHECKS
        metafunc.parametrize(_FIXTURE, checks, ids=[each.name.replace(" ", "-") for each in checks], indirect=True)


@pytest.fixture
def headrace_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """One check of the project's `headrace_connector`; called, it fails or skips the test, with its reason."""
    check: Check = request.param
    running: Any = importlib.import_module(_RUNNING)
    bench = _bench(request.config, request.getfixturevalue("headrace_connector"), running)

    def run() -> None:
        result = running.run_check(check, bench)
        if result.outcome == "failed":
            pytest.fail(f"{check.meaning} But: {result.reason}", pytrace=False)
        if result.outcome == "not applicable":
            pytest.skip(result.reason)

    return run


def _bench(config: pytest.Config, subject: object, running: Any) -> Bench:
    """One bench a connector: what it was asked once it is not asked again."""
    held = config.stash.setdefault(_benches, {})
    if id(subject) not in held:
        # With the subject itself: its id is its own for as long as it is kept.
        held[id(subject)] = (subject, running.Bench(subject))
    return held[id(subject)][1]
