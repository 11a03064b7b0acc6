"""A record as the JSON text that headrace moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from headrace.errors import Stop


def json_record(record: Mapping[str, Any]) -> str:
    """The record on one line.

    Dates and times are written as ISO 8601, a Decimal as the number that it is, or as text where a float would
    change it. Raises Stop for what JSON can't hold: NaN, bytes, objects of other classes.
    """
    try:
        return _WRITE(dict(record))
    except (TypeError, ValueError, RecursionError) as error:
        raise Stop(
            f"A record can't be written as JSON: {error}. Allowed are texts, finite numbers, booleans, None, dates,"
            " lists and mappings of them."
        ) from None


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal) and value.is_finite():
        near = float(value)
        return near if Decimal(repr(near)) == value else str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise TypeError(f"it holds a value of the type {type(value).__name__}")


_WRITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode
