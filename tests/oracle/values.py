"""What a value is as text, number, instant and boolean: the rules in plain Python."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

Scalar = str | int | float | Decimal | bool | date | datetime | list[object] | dict[str, object] | None

_NUMBER = re.compile(r"[ \t\n\f\r]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\f\r]*", re.ASCII)
_EPOCH_MS = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_EPOCH_S = re.compile(r"[0-9]{10}\.[0-9]{6}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE = {"true", "t", "1", "yes", "y"}
_FALSE = {"false", "f", "0", "no", "n"}


class Number(str):
    """The text of a number that a task made: JSON writes it bare."""

    __slots__ = ()


def text_of(value: Scalar) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat()
        return (text.rstrip("0") if "." in text else text) + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return repr(value)


def plain(number: Decimal) -> str:
    """The shortest decimal form: no exponent, no zeros at the end of the fraction."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def number_of(value: Scalar) -> Decimal | None:
    text = text_of(value)
    return Decimal(text.strip()) if text is not None and _NUMBER.fullmatch(text) else None


def is_numeric(value: Scalar) -> bool:
    return number_of(value) is not None


def instant_of(value: Scalar) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = text_of(value)
    if text is None:
        return None
    if _EPOCH_S.fullmatch(text):
        return _EPOCH + timedelta(microseconds=int(text.replace(".", "")))
    try:
        found = _EPOCH + timedelta(milliseconds=int(text)) if _is_epoch(text) else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def microseconds_of(value: Scalar) -> int | None:
    """The instant as the engine counts it: epoch milliseconds reach beyond the years that Python has."""
    text = text_of(value)
    if text is not None and _is_epoch(text):
        found = int(text) * 1000
        return found if abs(found) < 2**63 - 1 else None
    at = instant_of(value)
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1)


def _is_epoch(text: str) -> bool:
    return _EPOCH_MS.fullmatch(text) is not None


def boolean_of(value: Scalar) -> bool | None:
    text = (text_of(value) or "").lower()
    return True if text in _TRUE else False if text in _FALSE else None


# --- arithmetic ---------------------------------------------------------------------------------


def computed(operator: str, left: Scalar, right: Scalar) -> Number | None:
    x, y = text_of(left), text_of(right)
    a, b = number_of(left), number_of(right)
    if x is None or y is None or a is None or b is None or (operator == "DIVISION" and b == 0):
        return None
    with localcontext() as context:
        context.prec = 100
        if operator == "DIVISION":
            return _fifteen_digits(float(a) / float(b))
        digits = 9 if operator == "MULTIPLICATION" else 18
        exact = a * b if operator == "MULTIPLICATION" else a + b if operator == "ADDITION" else a - b
        if _fits(x, digits) and _fits(y, digits) and abs(exact) < Decimal(10) ** 20:
            return Number(plain(exact))
        return _fifteen_digits(float(exact))


def _fits(text: str, digits: int) -> bool:
    return "e" not in text.lower() and len(text.partition(".")[2]) <= digits


def _fifteen_digits(number: float) -> Number:
    return Number(plain(Decimal(f"{number:.15g}")))


# --- casts --------------------------------------------------------------------------------------


def cast(value: Scalar, type_: str) -> Scalar:
    """The value of a typed column; None where it can't be read as that type."""
    if type_ == "date":
        return _date_of(value)
    if type_ == "datetime":
        return instant_of(value)
    if type_ == "boolean":
        return boolean_of(value)
    number = number_of(value)
    if number is None:
        return None
    if type_ == "double":
        return float(number)
    if type_ == "bigint":
        is_whole = number == number.to_integral_value() and -(2**63) <= number < 2**63
        return int(number) if is_whole else None
    precision, scale = map(int, type_.removeprefix("decimal(").removesuffix(")").split(","))
    with localcontext() as context:
        context.prec = 100
        rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        return rounded if abs(rounded) < Decimal(10) ** (precision - scale) else None


def _date_of(value: Scalar) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = text_of(value) or ""
    if _is_epoch(text):
        # Python would read eight digits of it as a date.
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None
