"""Names of data types, and the literals that fit them."""

from __future__ import annotations

import pytest

from headrace.engine.types import kind_of
from headrace.flow.kinds import guessed_kind, is_boolean, is_instant, is_number
from headrace.flow.operators import is_destination, is_source, needs_projection, operators_of
from headrace.model.connector_names import connector_types


@pytest.mark.parametrize(
    "data_type, kind",
    [
        ("Edm.String", "string"),
        ("id", "string"),
        ("picklist", "string"),
        ("character varying", "string"),
        ("time", "string"),
        ("what is this", "string"),
        ("currency", "number"),
        ("double", "number"),
        ("DOUBLE PRECISION", "number"),
        ("decimal(10, 2)", "number"),
        (" Integer ", "number"),
        ("bigint unsigned", "number"),
        ("Edm.Int64", "number"),
        ("datetime", "instant"),
        ("date", "instant"),
        ("Edm.DateTimeOffset", "instant"),
        ("timestamp without time zone", "instant"),
        ("timestamp(6) with time zone", "instant"),
        ("boolean", "boolean"),
        ("Edm.Boolean", "boolean"),
    ],
)
def test_a_vendors_data_type_compares_as(data_type: str, kind: str) -> None:
    assert kind_of(data_type) == kind


@pytest.mark.parametrize("text", ["0", "-1.5", "+.5", "1.", "1e3", "1E-38", "9" * 38])
def test_numbers(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize(
    "text", ["", ".", "e1", "1e", "0x1", "1_0", "٣", "inf", "nan", "9" * 39, "1e38", "1e-39", "1 2"]
)
def test_texts_that_are_no_numbers(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "1706702400000",
        "1706702400.123456",
        "2024-01-31",
        "2024-01-31T12:00",
        "2024-01-31 12:00:00",
        "2024-01-31T12:00:00.123456789Z",
        "2024-01-31T12:00:00+05:30",
        "2024-01-31T12:00:00+0530",
    ],
)
def test_instants(text: str) -> None:
    assert is_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2024-13-01", "2024-01-31T25:00", "2024-W01-1", "20240131T00", "9" * 17, "0000-01-01", "1.5"),
        *("1706702400.1", "170670240.123456"),
    ],
)
def test_texts_that_are_no_instants(text: str) -> None:
    assert not is_instant(text)


def test_booleans_in_any_case() -> None:
    assert [is_boolean(text) for text in ("true", "FALSE", "1", "")] == [True, True, False, False]


def test_values_that_do_not_agree_are_guessed_to_be_strings() -> None:
    assert guessed_kind(("1", "2.5")) == "number"
    assert guessed_kind(("1", "2024-01-31")) == "instant"
    assert guessed_kind(("1", "x")) == "string"
    assert guessed_kind(()) == "string"


def test_every_source_has_operators_and_a_connector_has_a_side() -> None:
    for connector_type in connector_types():
        assert is_source(connector_type) == bool(operators_of(connector_type))
        assert is_source(connector_type) or is_destination(connector_type)
    assert operators_of("Googleanalytics") == {"PROJECTION", "BETWEEN"}
    assert operators_of("CustomConnector") >= {"PROJECTION", "CONTAINS"}
    assert operators_of("EventBridge") == frozenset()


def test_all_sources_but_s3_and_amplitude_need_a_projection() -> None:
    sources = [connector_type for connector_type in connector_types() if is_source(connector_type)]
    assert [name for name in sources if not needs_projection(name)] == ["S3", "Amplitude"]
