"""What CreateFlow asks of a source."""

from __future__ import annotations

import pytest

from headrace.connector_sdk.registry import Registry
from headrace.errors import ConnectorServerException, Retry, Stop
from headrace.flow.plan import plan
from headrace.runner.source_check import SourceCheck
from tests.unit.runner.rig import Connectors, Objects, document


def check_of(objects: Objects) -> SourceCheck:
    connectors: Registry = Connectors(objects)  # pyright: ignore[reportAssignmentType]
    return SourceCheck(connectors)


def test_a_source_that_holds_something_passes() -> None:
    check_of(Objects({("raw", "in/1"): ""})).check(plan(document()))


def test_a_source_that_holds_nothing_is_refused_by_name() -> None:
    with pytest.raises(ConnectorServerException, match="nothing lies at S3 raw/in"):
        check_of(Objects({("raw", "elsewhere/1"): ""})).check(plan(document()))


@pytest.mark.parametrize("error", [Stop("no such bucket"), Retry("busy")])
def test_a_source_that_can_not_be_listed_is_refused_with_its_reason(error: Exception) -> None:
    def fail() -> None:
        raise error

    objects = Objects()
    objects.on_list = fail

    with pytest.raises(ConnectorServerException, match=str(error)):
        check_of(objects).check(plan(document()))


def test_a_connector_that_is_not_here_is_named() -> None:
    connectors = Connectors(Objects())
    connectors.absent = "There is no connector Salesforce here"

    assert SourceCheck(connectors).missing(plan(document())) == connectors.absent  # pyright: ignore[reportArgumentType]
