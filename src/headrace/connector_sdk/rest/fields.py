"""Fields of entities: declared, or inferred from records, in the API's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from headrace.connector_sdk import lambda_shapes

DataType = Literal["String", "Integer", "Long", "Double", "BigDecimal", "Boolean", "Date", "DateTime", "Map", "List"]

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_TYPES: Mapping[type, DataType] = {bool: "Boolean", int: "Long", float: "Double", dict: "Map", list: "List"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an entity; `is_cursor`: a time that tells what is new."""

    name: str
    data_type: DataType = "String"
    label: str | None = None
    description: str | None = None
    is_primary_key: bool = False
    is_filterable: bool = True
    is_cursor: bool = False


def shown(field: Field) -> Mapping[str, Any]:
    """The field as a ConnectorEntityField."""
    return lambda_shapes.field(
        {
            "fieldName": field.name,
            "dataType": field.data_type,
            "label": field.label,
            "description": field.description,
            "isPrimaryKey": field.is_primary_key,
            "readProperties": {
                "isRetrievable": True,
                "isQueryable": field.is_filterable,
                "isTimestampFieldForIncrementalQueries": field.is_cursor,
            },
        }
    )


def inferred(records: Iterable[str]) -> tuple[Field, ...]:
    """The fields of all records, in the order in which they first occur; text where their types differ."""
    types: dict[str, DataType | None] = {}
    for record in records:
        for name, value in _OBJECT.decode(record).items():
            found = None if value is None else _type(value)
            known = types.setdefault(name, found)
            types[name] = known if found is None else found if known in {None, found} else _common(known, found)
    return tuple(Field(name, kind or "String") for name, kind in types.items())


def _type(value: object) -> DataType:
    return _TYPES.get(type(value), "String")


def _common(one: DataType | None, other: DataType) -> DataType:
    return "Double" if {one, other} == {"Long", "Double"} else "String"
