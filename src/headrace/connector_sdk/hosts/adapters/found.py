"""What a tap or connector found at its application: its entities, and their fields from their JSON schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from headrace.connector_sdk.lambda_answers import as_object
from headrace.errors import Stop

Json = dict[str, Any]

# What the entity's definition holds for later requests: the entity as it was found, and who keeps the place in it.
FOUND = "found"
KEEPS_PLACE = "keepsPlace"
_INTEGERS = {(-(2**15), 2**15 - 1): "Short", (-(2**31), 2**31 - 1): "Integer"}
_AIRBYTE = {
    "timestamp_with_timezone": "DateTime",
    "timestamp_without_timezone": "DateTime",
    "big_integer": "BigInteger",
    "big_number": "BigDecimal",
}
_FORMATS = {"date-time": "DateTime", "date": "Date", "singer.decimal": "BigDecimal"}


@dataclass(frozen=True, slots=True)
class Found:
    """One entity of an application.

    `cursors` are the fields by whose values its records can be read incrementally, as far as that is known;
    `keeps_place`: in incremental flows it says itself where the next run begins. `document` is what the program
    said of it, and wants to hear again when it is read.
    """

    name: str
    schema: Mapping[str, Any]
    keys: Sequence[str]
    cursors: Sequence[str]
    keeps_place: bool
    document: Json

    def entity(self) -> Json:
        """As ListEntities answers it."""
        return {
            "entityIdentifier": self.name,
            "hasNestedEntities": False,
            "isWritable": False,
            "label": self.name,
            "description": _text(self.schema.get("description")),
        }

    def definition(self) -> Json:
        """As DescribeEntity answers it."""
        properties = as_object(self.schema.get("properties")) or {}
        return {
            "entity": self.entity(),
            "fields": [self._field(name, as_object(schema) or {}) for name, schema in properties.items()],
            "customProperties": {
                FOUND: json.dumps(self.document),
                KEEPS_PLACE: "true" if self.keeps_place else "false",
            },
        }

    def _field(self, name: str, schema: Json) -> Json:
        kind, is_nullable = data_type(schema)
        # Where nobody says by which fields: by any that holds an instant.
        is_cursor = name in self.cursors if self.cursors else kind == "DateTime"
        return {
            "fieldName": name,
            "dataType": kind,
            "dataTypeLabel": kind,
            "label": _text(schema.get("title")) or name,
            "description": _text(schema.get("description")),
            "isPrimaryKey": name in self.keys,
            "readProperties": {
                "isRetrievable": True,
                "isNullable": is_nullable and name not in self.keys,
                "isQueryable": True,
                "isTimestampFieldForIncrementalQueries": is_cursor,
            },
            "writeProperties": None,
        }


def cursor_of(name: str, wanted: str | None, known: Sequence[str], properties: Mapping[str, Any]) -> str:
    """The field by which the entity is read incrementally: the one that is wanted, one that is known, or the only
    one that holds an instant. Raises Stop where that is none of its fields.
    """
    instants = [each for each, schema in properties.items() if data_type(as_object(schema) or {})[0] == "DateTime"]
    choice = known or (instants if len(instants) == 1 else ())
    if wanted is None and choice:
        return choice[0]
    if wanted is not None and wanted in (known or properties):
        return wanted
    advice = f", such as {', '.join(known or instants)}" if known or instants else ""
    raise Stop(
        f"{name} can't be read incrementally by {wanted or 'no field at all'}: name another one as"
        f" datetimeTypeFieldName{advice}."
    )


def identifier(name: str) -> str:
    """The name as AppFlow can spell it: without blanks."""
    return re.sub(r"[\s%]", lambda found: quote(found[0]), name)


def data_type(schema: Mapping[str, Any]) -> tuple[str, bool]:
    """AppFlow's data type of a JSON schema, and whether null is a value of it."""
    kinds: list[str] = []
    is_nullable = False
    for each in _alternatives(schema):
        if each.get("type") == "null":
            is_nullable = True
        else:
            kinds.append(_kind(each))
    # Values of several types have none in common but text.
    return (kinds[0] if len(set(kinds)) == 1 else "String"), is_nullable


def _alternatives(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema once for each of its types."""
    for member in ("anyOf", "oneOf"):
        if isinstance(schema.get(member), list):
            for each in cast("list[Any]", schema[member]):
                yield from _alternatives(as_object(each) or {})
            return
    said = schema.get("type")
    for kind in cast("list[Any]", said) if isinstance(said, list) else [said]:
        yield {**schema, "type": kind}


def _kind(schema: Mapping[str, Any]) -> str:
    kind, special = schema.get("type"), _AIRBYTE.get(str(schema.get("airbyte_type")))
    if special is not None:
        return special
    match kind:
        case "integer":
            return _INTEGERS.get((schema.get("minimum", 0), schema.get("maximum", 0)), "Long")
        case "number":
            return "BigDecimal" if schema.get("format") == "singer.decimal" else "Double"
        case "boolean":
            return "Boolean"
        case "array":
            return "List"
        case "object":
            return "Struct" if schema.get("properties") else "Map"
        case _:
            return _FORMATS.get(str(schema.get("format")), "String")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
