"""The operations of connector profiles against the model: answers fit their shapes, errors are modelled ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.errors import ConnectorAuthenticationException
from headrace.model.api import OPERATIONS
from headrace.operations import dispatch
from tests.contract.promises import Case, assert_fits, assert_needs_the_store, assert_raises
from tests.standins.stores import StorePlace
from tests.unit.operations.calls import Calls, Json, serving
from tests.unit.operations.profiles import WHOLE, changed, profile
from tests.unit.operations.test_profiles import NAME, using

BLANK: Json = {"credentials": {}}


@pytest.fixture(name="call")
def operations(store_place: StorePlace) -> Iterator[Calls]:
    with serving(store_place.data, database_url=store_place.url) as calls:
        yield calls


def made(call: Calls, connector_type: str = "Salesforce") -> Calls:
    call("CreateConnectorProfile", profile(connector_type))
    return call


def all_kinds(call: Calls) -> Json:
    for number, connector_type in enumerate(sorted(WHOLE)):
        call("CreateConnectorProfile", profile(connector_type, f"p{number}", connectionMode="Public"))
    call("CreateConnectorProfile", profile("Salesforce", "private", connectionMode="Private"))
    return call("DescribeConnectorProfiles", maxResults=len(WHOLE))


def refused(name: str) -> Case:
    def case(call: Calls) -> Any:
        if name == "UpdateConnectorProfile":
            made(call)
        call.applications.refusal = ConnectorAuthenticationException("Error while authenticating to connector")
        call(name, profile() if name == "CreateConnectorProfile" else changed(connector_type="Salesforce"))

    return case


HAPPY: dict[str, Case] = {
    "CreateConnectorProfile": lambda call: call("CreateConnectorProfile", profile(clientToken="t")),
    "DeleteConnectorProfile": lambda call: made(call)("DeleteConnectorProfile", NAME),
    "DescribeConnectorProfiles": all_kinds,
    "UpdateConnectorProfile": lambda call: made(call, "Veeva")("UpdateConnectorProfile", changed(clientToken="t")),
}
FAILING: list[tuple[str, str, Case]] = [
    (
        "CreateConnectorProfile",
        "ValidationException",
        lambda call: call("CreateConnectorProfile", profile("Slack", **BLANK)),
    ),
    ("CreateConnectorProfile", "ConflictException", lambda call: made(call)("CreateConnectorProfile", profile())),
    ("CreateConnectorProfile", "ConnectorAuthenticationException", refused("CreateConnectorProfile")),
    ("DeleteConnectorProfile", "ResourceNotFoundException", lambda call: call("DeleteConnectorProfile", NAME)),
    (
        "DeleteConnectorProfile",
        "ConflictException",
        lambda call: [made(call)("CreateFlow", using("orders")), call("DeleteConnectorProfile", NAME)],
    ),
    (
        "DescribeConnectorProfiles",
        "ValidationException",
        lambda call: call("DescribeConnectorProfiles", nextToken="made-up"),
    ),
    (
        "UpdateConnectorProfile",
        "ValidationException",
        lambda call: made(call)("UpdateConnectorProfile", changed(connector_type="Salesforce", **BLANK)),
    ),
    ("UpdateConnectorProfile", "ResourceNotFoundException", lambda call: call("UpdateConnectorProfile", changed())),
    (
        "UpdateConnectorProfile",
        "ConflictException",
        lambda call: [
            made(call, "Veeva")("UpdateConnectorProfile", changed(clientToken="t")),
            call("UpdateConnectorProfile", changed(clientToken="t", connectionMode="Private")),
        ],
    ),
    ("UpdateConnectorProfile", "ConnectorAuthenticationException", refused("UpdateConnectorProfile")),
]
# InternalServerException is tried below, for all; the quota's test is in tests/unit/operations.
ELSEWHERE = {"InternalServerException", "ServiceQuotaExceededException"}


@pytest.mark.parametrize("name", sorted(HAPPY))
def test_an_answer_fits_its_shape_even_with_appflows_limits(call: Calls, name: str) -> None:
    assert_fits(name, HAPPY[name](call))


@pytest.mark.parametrize("name, error, case", FAILING, ids=[f"{name}-{error}" for name, error, _ in FAILING])
def test_a_modelled_error_is_raised_as_such(call: Calls, name: str, error: str, case: Case) -> None:
    assert "planted" not in assert_raises(name, error, lambda: case(call))


def test_every_modelled_error_of_the_four_is_tried() -> None:
    modelled = {(name, error) for name in HAPPY for error in OPERATIONS[name].errors if error not in ELSEWHERE}
    assert modelled == {(name, error) for name, error, _ in FAILING}
    assert {name for name in (*dispatch.READING, *dispatch.WRITING) if "ConnectorProfile" in name} | set(
        dispatch.PREPARED_PROFILES
    ) == set(HAPPY)


@pytest.mark.parametrize("name", sorted(HAPPY))
def test_a_store_that_is_closed_is_an_internal_failure_in_words(call: Calls, name: str) -> None:
    requests: dict[str, Json] = {"CreateConnectorProfile": profile(), "UpdateConnectorProfile": changed()}
    assert_needs_the_store(call, name, requests.get(name, NAME if name == "DeleteConnectorProfile" else {}))
