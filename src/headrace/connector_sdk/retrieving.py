"""Records by the value of one field, out of pages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from headrace.connector_sdk.records import Page


def retrieved(pages: Iterable[Page], field: str, values: Iterable[str]) -> list[str]:
    """The records whose field has one of the values, in the order of the values; reading ends with the last found."""
    wanted = tuple(values)
    missing = set(wanted)
    found: dict[str, str] = {}
    for page in pages:
        for record in page.records:
            value = _value(record, field)
            if value in missing:
                found[value] = record
                missing.discard(value)
        if not missing:
            break
    return [found[value] for value in wanted if value in found]


def _value(record: str, field: str) -> str:
    parsed: Any = json.loads(record)
    value = cast("dict[str, object]", parsed).get(field) if isinstance(parsed, dict) else None
    return str(value)
