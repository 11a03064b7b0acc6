"""Conditions as $filter: what can be said so that the service drops no record that is wanted.

Source: OData 2.0, URI Conventions §4.5 and Appendix A of its Overview; OData 4.0 Part 2, §5.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from headrace.connector_sdk.records import Condition
from headrace.connectors.sapodata.edmx import EntitySet, Property, Version

# With its other parameters, a URL of this length passes every server and proxy on the way.
_LONGEST: Final = 3000
_SIGNS: Final[Mapping[str, str]] = {
    "EQUAL_TO": "eq",
    "LESS_THAN": "lt",
    "LESS_THAN_OR_EQUAL_TO": "le",
    "GREATER_THAN": "gt",
    "GREATER_THAN_OR_EQUAL_TO": "ge",
}
_INTEGERS: Final[Mapping[str, int]] = {
    "Edm.Byte": 2**8 - 1,
    "Edm.SByte": 2**7 - 1,
    "Edm.Int16": 2**15 - 1,
    "Edm.Int32": 2**31 - 1,
    "Edm.Int64": 2**63 - 1,
}
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
# Controls and half characters: no URL carries them.
_UNSAID: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Services keep seconds, milliseconds or less, and compare what they keep: whoever reads compares again.
_MARGIN: Final = timedelta(seconds=1)

Bound = Literal["lower", "upper"]


def filter_of(conditions: Iterable[Condition], entity_set: EntitySet, version: Version) -> str | None:
    """The conditions joined by `and`, not yet encoded for a URL; None: nothing can be said.

    Left out are fields that the service doesn't know or filter by, text in an order, floating-point numbers, and
    values that are none of the property's type: the service would refuse them, or compare otherwise.
    """
    properties = {each.name: each for each in entity_set.properties if each.is_filterable and not each.is_collection}
    parts = [
        said
        for condition in conditions
        if (known := properties.get(condition.field)) is not None
        and (said := _condition(condition, known, version)) is not None
    ]
    while parts and len(" and ".join(parts).encode()) > _LONGEST:
        parts.remove(max(parts, key=len))
    return " and ".join(parts) or None


def _condition(condition: Condition, known: Property, version: Version) -> str | None:
    if condition.operator == "CONTAINS":
        return _contains(condition, known, version)
    if condition.kind == "instant":
        return _instants(condition, known, version)
    if condition.operator != "EQUAL_TO" and condition.kind != "number":
        return None
    if known.type_name == "Edm.Decimal":
        return _decimals(condition, known, version)
    if condition.operator == "BETWEEN":
        bounds = [_literal(value, condition, known, version) for value in condition.values]
        return None if None in bounds else f"({known.name} ge {bounds[0]} and {known.name} le {bounds[1]})"
    sign = _SIGNS[condition.operator]
    return _any(condition.values, lambda value: _said(known.name, sign, _literal(value, condition, known, version)))


def _decimals(condition: Condition, known: Property, version: Version) -> str | None:
    """Bounds one unit of the value's last place away: some services compute decimals as floating-point numbers."""
    if condition.kind != "number":
        return None

    def side(value: str, which: Bound) -> str | None:
        sign = "ge" if which == "lower" else "le"
        return _said(known.name, sign, _decimal(value, version, which))

    return _bounded(condition, side)


def _contains(condition: Condition, known: Property, version: Version) -> str | None:
    if known.type_name != "Edm.String" or condition.kind != "text":
        return None
    form = "contains({0},{1})" if version == "V4" else "substringof({1},{0})"

    def one(value: str) -> str | None:
        literal = _text(value)
        return None if literal is None else form.format(known.name, literal)

    return _any(condition.values, one)


def _any(values: Iterable[str], say: Callable[[str], str | None]) -> str | None:
    """Any of the values may be met, so one that can't be said takes the others with it."""
    said = [say(value) for value in values]
    found = [each for each in said if each is not None]
    if not found or len(found) < len(said):
        return None
    return found[0] if len(found) == 1 else f"({' or '.join(dict.fromkeys(found))})"


def _said(name: str, sign: str, literal: str | None) -> str | None:
    return None if literal is None else f"{name} {sign} {literal}"


def _literal(value: str, condition: Condition, known: Property, version: Version) -> str | None:
    """The value as the property's type writes it; None: it is no such value."""
    kind = known.type_name
    if kind in _INTEGERS:
        return _integer(value, kind, version)
    if condition.kind == "number":
        return None
    if kind == "Edm.Boolean":
        return value if value in {"true", "false"} else None
    if kind == "Edm.Guid" and _GUID.fullmatch(value):
        return value if version == "V4" else f"guid'{value}'"
    return _text(value) if kind == "Edm.String" and condition.kind == "text" else None


def _integer(value: str, kind: str, version: Version) -> str | None:
    if _INTEGER.fullmatch(value) is None or abs(int(value)) > _INTEGERS[kind]:
        return None
    return f"{value}L" if kind == "Edm.Int64" and version == "V2" else value


def _decimal(value: str, version: Version, which: Bound) -> str | None:
    if _DECIMAL.fullmatch(value) is None:
        return None
    number = Decimal(value)
    unit = Decimal((0, (1,), int(number.as_tuple().exponent)))
    bound = f"{number - unit if which == 'lower' else number + unit:f}"
    return f"{bound}M" if version == "V2" else bound


def _text(value: str) -> str | None:
    """A quoted literal. An empty one is left out: for SAP it is the initial value, which may be shown as null."""
    return None if not value or _UNSAID.search(value) else "'" + value.replace("'", "''") + "'"


def _instants(condition: Condition, known: Property, version: Version) -> str | None:
    def side(value: str, which: Bound) -> str | None:
        sign = "ge" if which == "lower" else "le"
        return _said(known.name, sign, _instant(value, known, version, which))

    return _bounded(condition, side)


def _bounded(condition: Condition, side: Callable[[str, Bound], str | None]) -> str | None:
    """A condition as bounds that are let in; `side` says one of them."""

    def both(low: str, high: str) -> str | None:
        bounds = side(low, "lower"), side(high, "upper")
        return None if None in bounds else f"({bounds[0]} and {bounds[1]})"

    if condition.operator == "BETWEEN":
        return both(*condition.values)
    if condition.operator == "EQUAL_TO":
        return _any(condition.values, lambda value: both(value, value))
    return _any(condition.values, lambda value: side(value, "upper" if "LESS" in condition.operator else "lower"))


def _instant(value: str, known: Property, version: Version, which: Bound) -> str | None:
    """A bound at or beyond the instant; a day where the property holds days."""
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        widened = at - _MARGIN if which == "lower" else at + 2 * _MARGIN
    except (ValueError, OverflowError):
        return None
    if known.type_name == "Edm.Date":
        return f"{at:%Y-%m-%d}" if at.year >= 1000 else None
    text = f"{widened:%Y-%m-%dT%H:%M:%S}" if not known.is_day else f"{at:%Y-%m-%dT00:00:00}"
    if widened.year < 1000:
        return None
    forms = {
        ("V2", "Edm.DateTime"): f"datetime'{text}'",
        ("V2", "Edm.DateTimeOffset"): f"datetimeoffset'{text}Z'",
        ("V4", "Edm.DateTimeOffset"): f"{text}Z",
    }
    return forms.get((version, known.type_name))
