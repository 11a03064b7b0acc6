from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from headrace.connector_sdk.records import Page
from headrace.errors import Stop


def test_a_page_holds_mappings_as_texts_of_one_line_and_texts_as_they_are() -> None:
    page = Page([{"id": 1, "note": "a\nb"}, '{"id":\n2}'], "next")
    assert page.records == ('{"id": 1, "note": "a\\nb"}', '{"id":\n2}')
    assert page == Page(page.records, position="next")


def test_the_last_page_names_no_position() -> None:
    assert Page([]).position is None


@pytest.mark.parametrize(
    "value, text",
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05+00:00"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (Decimal("12.50"), "12.5"),
        (Decimal("0.12345678901234567890123"), '"0.12345678901234567890123"'),
        (UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
        (MappingProxyType({"a": 1}), '{"a": 1}'),
        ("Zürich", '"Zürich"'),
        (None, "null"),
    ],
)
def test_values_are_written_as_json_has_them(value: Any, text: str) -> None:
    (record,) = Page([{"value": value}]).records
    assert record == f'{{"value": {text}}}'
    json.loads(record)


@pytest.mark.parametrize("value", [float("nan"), Decimal("Infinity"), b"bytes", object(), {1, 2}])
def test_what_json_can_not_hold_is_refused_and_says_what_may_be_there(value: Any) -> None:
    with pytest.raises(Stop, match=r"can't be written as JSON: .*Allowed are"):
        Page([{"value": value}])
