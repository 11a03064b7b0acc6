"""The description of /headrace/v1: valid, whole, and the same table as the routes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from headrace.model.api import ERROR_STATUS, OPERATIONS, SHAPES
from headrace.model.beyond import ALL, BEYOND
from headrace.operations import object_events, record_events
from headrace.operations.dispatch import (
    BEYOND_FETCHING,
    BEYOND_LOOKING,
    BEYOND_PREPARED,
    BEYOND_READING,
    BEYOND_TAKING,
    BEYOND_WRITING,
)
from headrace.wire.extension_table import DESCRIBE, LABELS, ROWS, Asked, Row
from headrace.wire.openapi import openapi
from tests.standins.described import DOCUMENT
from tests.unit.wire.rig import Rig

PATH = "/headrace/v1/openapi.json"


def described(row: Row) -> dict[str, Any]:
    return DOCUMENT["paths"][f"/headrace/v1{row.path}"][row.method.lower()]


def test_the_service_describes_itself_in_openapi() -> None:
    rig = Rig()
    reply = rig.ask(PATH, method="GET")
    assert (reply.status, reply.headers["content-type"], reply.json) == (200, "application/json", DOCUMENT)
    assert rig.dispatcher.calls == []


def test_no_key_needs_a_permission_to_read_the_description_but_strangers_get_none() -> None:
    assert Rig(auth="sigv4", keys=[]).ask(PATH, method="GET").status == 403


def test_the_description_is_valid() -> None:
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


def test_the_validator_finds_a_reference_to_nothing() -> None:
    broken = openapi([Row("headrace:Odd", "GET", "/odd", None, "Odd.", "OpenApi")])
    broken["paths"]["/headrace/v1/odd"]["get"]["responses"] = {}
    with pytest.raises(OpenAPIValidationError):
        validate(broken, cls=OpenAPIV31SpecValidator)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
def test_every_row_is_described_and_made_of_what_there_is(row: Row) -> None:
    told = described(row)
    assert row.permission in {None, record_events.PUT} or row.permission in OPERATIONS
    assert {row.answer, *(asked.shape for asked in row.members.values())} <= set(ALL)
    assert set(row.errors) <= set(ERROR_STATUS)
    assert set(re.findall(r"\{(\w+)\}", row.path)) <= set(LABELS)
    assert {str(row.status), "400", "403", "500"} <= set(told["responses"])
    for name in row.errors:
        assert name in told["responses"][str(ERROR_STATUS[name])]["description"]
    if row.has_body and row.members:
        schema = told["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]) == set(row.members)
        assert schema["additionalProperties"] is False
    elif row.takes:
        assert set(told["requestBody"]["content"]) == set(row.takes)
        assert set(row.headers) == {one["name"] for one in told["parameters"] if one["in"] == "header"}
    elif not row.has_body:
        assert set(row.members) == {one["name"] for one in told["parameters"] if one["in"] == "query"}


def test_the_door_of_the_webhook_says_who_may_use_it_and_what_it_answers() -> None:
    told = DOCUMENT["paths"]["/headrace/v1/events/webhook/{flowName}"]["post"]
    assert told["description"] == "With HEADRACE_AUTH=sigv4, a policy has to allow headrace:PutRecords."
    assert {"202", "404", "409", "413", "429"} <= set(told["responses"])
    assert "200" not in told["responses"]


def test_every_shape_that_is_referred_to_is_there() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    found = set(re.findall(r"'#/components/schemas/(\w+)'", str(DOCUMENT)))
    assert found <= set(schemas)
    assert set(schemas) - found == set()


def test_every_row_is_run_by_something_and_nothing_else_is_run() -> None:
    run = {*BEYOND_READING, *BEYOND_WRITING, *BEYOND_PREPARED, *BEYOND_FETCHING, *BEYOND_TAKING, *BEYOND_LOOKING}
    # What S3 itself sends has a door of its own.
    assert {row.name for row in ROWS} - {DESCRIBE} == run - {object_events.PUT}
    assert len(ROWS) == len({row.name for row in ROWS}) == len({(row.method, row.path) for row in ROWS})


def test_no_shape_of_the_model_is_taken() -> None:
    assert set(BEYOND) & set(SHAPES) == set()


def test_a_member_that_must_be_given_is_told() -> None:
    row = Row("headrace:Odd", "PUT", "/odd", None, "Odd.", "OpenApi", {"at": Asked("Date", "When.", is_required=True)})
    body = openapi([row])["paths"]["/headrace/v1/odd"]["put"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"]["required"] == ["at"]
