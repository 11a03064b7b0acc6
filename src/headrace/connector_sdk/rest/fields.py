"""Fields of entities: declared, or inferred from records, in the API's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from headrace.connector_sdk import lambda_shapes
from headrace.connector_sdk.declaring import DataType, Field
from headrace.connector_sdk.records import WriteOperation

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_TYPES: Mapping[type, DataType] = {bool: "Boolean", int: "Long", float: "Double", dict: "Map", list: "List"}


def shown(field: Field, offered: Sequence[WriteOperation] = ()) -> Mapping[str, Any]:
    """The field as a ConnectorEntityField; `offered` are the write operations that its entity has."""
    operations = [each for each in offered if field.operations is None or each in field.operations]
    return lambda_shapes.field(
        {
            "fieldName": field.name,
            "dataType": field.data_type,
            "label": field.label,
            "description": field.description,
            "isPrimaryKey": field.is_primary_key,
            "constraints": {"allowedValues": list(field.values)} if field.values else None,
            "readProperties": {
                "isRetrievable": True,
                "isQueryable": field.is_filterable,
                "isTimestampFieldForIncrementalQueries": field.is_cursor,
            },
            "writeProperties": {
                "isCreatable": "INSERT" in operations,
                "isUpdatable": "UPDATE" in operations,
                "isUpsertable": "UPSERT" in operations,
                "isNullable": field.is_nullable,
                "supportedWriteOperations": operations,
            }
            if operations
            else None,
        }
        | ({} if field.is_filterable else {"filterOperators": []})
    )


def inferred(records: Iterable[str]) -> tuple[Field, ...]:
    """The fields of all records, in the order in which they first occur; text where their types differ."""
    types: dict[str, DataType | None] = {}
    for record in records:
        for name, value in _members(record).items():
            found = None if value is None else _type(value)
            known = types.setdefault(name, found)
            types[name] = known if found is None else found if known in {None, found} else _common(known, found)
    return tuple(Field(name, kind or "String") for name, kind in types.items())


def _members(record: str) -> dict[str, Any]:
    try:
        return _OBJECT.decode(record)
    except msgspec.ValidationError:
        return {}


def _type(value: object) -> DataType:
    return _TYPES.get(type(value), "String")


def _common(one: DataType | None, other: DataType) -> DataType:
    return "Double" if {one, other} == {"Long", "Double"} else "String"
