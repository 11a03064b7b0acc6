"""JSON text to values and back, strictly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn, TypeGuard

from headrace.errors import HeadraceError
from headrace.model.shapes import Document

_SURROGATE = "The body holds half of a surrogate pair, which is no text: write both halves, or the character itself"


class SerializationError(HeadraceError):
    """A request that can't be read: no JSON, no UTF-8, or a value of the wrong JSON type."""


def parse(body: bytes) -> Any:
    """Parse JSON: UTF-8 only, no NaN or Infinity, no half surrogates; the last of equal keys counts.

    Raises SerializationError, for nesting beyond what Python's stack holds too.
    """
    try:
        value = _PARSE(body.decode("utf-8"))
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as fault:
        raise SerializationError(f"The body is not valid UTF-8: {fault.reason} at byte {fault.start}") from fault
    except UnicodeEncodeError as fault:
        raise SerializationError(_SURROGATE) from fault
    except RecursionError as fault:
        raise SerializationError("The body is nested too deeply") from fault
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno} column {fault.colno}"
        raise SerializationError(f"The body is not valid JSON: {fault.msg} at {where}") from fault
    except ValueError as fault:
        raise SerializationError("The body is not valid JSON: a number in it is too long or not finite") from fault
    return value


def dump(document: Document) -> bytes:
    """Write a document: None members are left out, empty maps stay, datetimes become epoch seconds.

    Raises ValueError for NaN and infinities, TypeError for what JSON can't hold.
    """
    text = _DUMP(document)
    return (_DUMP(_without_none(document)) if "null" in text else text).encode("utf-8")


def epoch_seconds(instant: datetime) -> float:
    """Epoch seconds rounded to milliseconds, as timestamps are in answers."""
    return round(instant.timestamp(), 3)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _write_instant(value: object) -> float:
    if isinstance(value, datetime):
        return epoch_seconds(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def _without_none(value: Any) -> Any:
    if _is_map(value):
        return {name: _without_none(part) for name, part in value.items() if part is not None}
    return [_without_none(part) for part in value] if _is_list(value) else value


def _is_map(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


_PARSE = json.JSONDecoder(parse_constant=_refuse_constant).decode
_DUMP = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_write_instant, check_circular=False
).encode
