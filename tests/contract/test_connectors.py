"""The operations of connectors against the model: answers fit their shapes, errors are modelled ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.errors import Refused, Retry
from headrace.model.api import OPERATIONS
from headrace.operations import dispatch
from tests.contract.promises import Case, assert_fits, assert_needs_the_store, assert_raises
from tests.unit.operations.calls import Calls, Json
from tests.unit.operations.connectors import (
    BROKEN,
    LABEL,
    PROFILE,
    STOCK,
    StockHosts,
    opened,
    registered,
    registration,
    stocked,
)

CUSTOM = {"connectorType": "CustomConnector"}
OUT_OF_ORDER = Retry("out of order")
CHANGE = {name: value for name, value in registration().items() if name != "connectorProvisioningType"}


@pytest.fixture(name="hosts")
def stock_hosts() -> StockHosts:
    return StockHosts()


@pytest.fixture(name="call")
def operations(tmp_path: Path, hosts: StockHosts) -> Iterator[Calls]:
    with stocked(tmp_path / "data", hosts) as calls:
        yield calls


HAPPY: dict[str, Case] = {
    "DescribeConnector": lambda call: registered(call)("DescribeConnector", LABEL | CUSTOM),
    "DescribeConnectorEntity": lambda call: opened(call)("DescribeConnectorEntity", STOCK),
    "DescribeConnectors": lambda call: call("DescribeConnectors", maxResults=24),
    "ListConnectorEntities": lambda call: opened(call)("ListConnectorEntities", PROFILE, maxResults=1),
    "ListConnectors": lambda call: registered(call)("ListConnectors"),
    "RegisterConnector": lambda call: call("RegisterConnector", registration(clientToken="t")),
    "ResetConnectorMetadataCache": lambda call: opened(call)("ResetConnectorMetadataCache", PROFILE),
    "UnregisterConnector": lambda call: registered(call)("UnregisterConnector", LABEL),
    "UpdateConnectorRegistration": lambda call: registered(call)("UpdateConnectorRegistration", CHANGE),
}
FAILING: list[tuple[str, str, Case]] = [
    ("DescribeConnector", "ValidationException", lambda call: call("DescribeConnector", CUSTOM)),
    ("DescribeConnector", "ResourceNotFoundException", lambda call: call("DescribeConnector", LABEL | CUSTOM)),
    (
        "DescribeConnectorEntity",
        "ValidationException",
        lambda call: call("DescribeConnectorEntity", connectorEntityName="x"),
    ),
    ("DescribeConnectorEntity", "ResourceNotFoundException", lambda call: call("DescribeConnectorEntity", STOCK)),
    ("DescribeConnectors", "ValidationException", lambda call: call("DescribeConnectors", nextToken="made-up")),
    ("ListConnectorEntities", "ValidationException", lambda call: call("ListConnectorEntities", {})),
    ("ListConnectorEntities", "ResourceNotFoundException", lambda call: call("ListConnectorEntities", PROFILE)),
    ("ListConnectors", "ValidationException", lambda call: call("ListConnectors", nextToken="made-up")),
    ("RegisterConnector", "ValidationException", lambda call: call("RegisterConnector", {})),
    ("RegisterConnector", "ConflictException", lambda call: registered(call)("RegisterConnector", registration())),
    (
        "RegisterConnector",
        "ResourceNotFoundException",
        lambda call: call("RegisterConnector", registration(arn=BROKEN.replace("broken", "nowhere"))),
    ),
    (
        "RegisterConnector",
        "ConnectorServerException",
        lambda call: call("RegisterConnector", registration(arn=BROKEN)),
    ),
    ("ResetConnectorMetadataCache", "ValidationException", lambda call: call("ResetConnectorMetadataCache", {})),
    (
        "ResetConnectorMetadataCache",
        "ResourceNotFoundException",
        lambda call: call("ResetConnectorMetadataCache", PROFILE),
    ),
    ("UnregisterConnector", "ConflictException", lambda call: opened(call)("UnregisterConnector", LABEL)),
    ("UnregisterConnector", "ResourceNotFoundException", lambda call: call("UnregisterConnector", LABEL)),
    (
        "UpdateConnectorRegistration",
        "ConflictException",
        lambda call: [
            registered(call)("UpdateConnectorRegistration", CHANGE, clientToken="t"),
            call("UpdateConnectorRegistration", LABEL, clientToken="t"),
        ],
    ),
    (
        "UpdateConnectorRegistration",
        "ResourceNotFoundException",
        lambda call: call("UpdateConnectorRegistration", CHANGE),
    ),
    (
        "UpdateConnectorRegistration",
        "ConnectorServerException",
        lambda call: registered(call)(
            "UpdateConnectorRegistration", CHANGE | {"connectorProvisioningConfig": {"lambda": {"lambdaArn": BROKEN}}}
        ),
    ),
]
# The connector's own errors of browsing and registering, tried below.
ASKED = {
    "DescribeConnectorEntity": lambda call: call("DescribeConnectorEntity", STOCK),
    "ListConnectorEntities": lambda call: call("ListConnectorEntities", PROFILE),
    "RegisterConnector": lambda call: call("RegisterConnector", registration("Other")),
    "UpdateConnectorRegistration": lambda call: call("UpdateConnectorRegistration", LABEL),
}
NEVER = {
    ("RegisterConnector", "AccessDeniedException"): "the front door's",
    ("UpdateConnectorRegistration", "AccessDeniedException"): "the front door's",
    ("RegisterConnector", "ThrottlingException"): "no rate is limited",
    ("UpdateConnectorRegistration", "ThrottlingException"): "no rate is limited",
    ("RegisterConnector", "ServiceQuotaExceededException"): "AppFlow names no quota of connectors",
    ("UpdateConnectorRegistration", "ServiceQuotaExceededException"): "AppFlow names no quota of connectors",
    ("UpdateConnectorRegistration", "ValidationException"): "the model checks all that it holds",
    ("ResetConnectorMetadataCache", "ConflictException"): "a reset conflicts with nothing",
}


@pytest.mark.parametrize("name", sorted(HAPPY))
def test_an_answer_fits_its_shape_even_with_appflows_limits(call: Calls, name: str) -> None:
    assert_fits(name, HAPPY[name](call))


@pytest.mark.parametrize("name, error, case", FAILING, ids=[f"{name}-{error}" for name, error, _ in FAILING])
def test_a_modelled_error_is_raised_as_such(call: Calls, name: str, error: str, case: Case) -> None:
    assert_raises(name, error, lambda: case(call))


@pytest.mark.parametrize("name", sorted(ASKED))
@pytest.mark.parametrize("error", ["ConnectorServerException", "ConnectorAuthenticationException"])
def test_a_connectors_own_error_is_a_modelled_one(call: Calls, hosts: StockHosts, name: str, error: str) -> None:
    opened(call)
    hosts.failure = Refused("who") if error == "ConnectorAuthenticationException" else OUT_OF_ORDER
    assert_raises(name, error, lambda: ASKED[name](call))


def test_every_modelled_error_of_the_nine_is_tried_or_its_absence_explained() -> None:
    modelled = {(name, error) for name in HAPPY for error in OPERATIONS[name].errors}
    by_connectors = {
        (name, error) for name in ASKED for error in ("ConnectorServerException", "ConnectorAuthenticationException")
    }
    internal = {(name, "InternalServerException") for name in HAPPY}
    assert modelled == {(name, error) for name, error, _ in FAILING} | by_connectors | internal | set(NEVER)


def test_the_nine_are_all_there_are() -> None:
    every = {*dispatch.READING, *dispatch.WRITING, *dispatch.PREPARED_CONNECTORS, *dispatch.ASKING}
    assert {name for name in every if "Connector" in name and "Profile" not in name} == set(HAPPY)


@pytest.mark.parametrize("name", sorted(set(HAPPY)))
def test_a_store_that_is_closed_is_an_internal_failure_in_words(call: Calls, name: str) -> None:
    requests: dict[str, Json] = {
        "DescribeConnector": LABEL | CUSTOM,
        "DescribeConnectorEntity": STOCK,
        "ListConnectorEntities": PROFILE,
        "RegisterConnector": registration(),
        "ResetConnectorMetadataCache": PROFILE,
        "UnregisterConnector": LABEL,
        "UpdateConnectorRegistration": LABEL,
    }
    assert_needs_the_store(call, name, requests.get(name, {}))
