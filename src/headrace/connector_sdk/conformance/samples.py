"""Records to write: what a user says of them, and what the types of the fields ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from headrace.connector_sdk.conformance.describing import data_type
from headrace.connector_sdk.conformance.subject import Writing

Json = Mapping[str, Any]

_LONGEST = 60


def sample(writing: Writing, fields: Sequence[Json], seed: int, number: int) -> dict[str, Any]:
    """A record to insert: every field that can be given a value from its description alone, and what the user says."""
    made: dict[str, Any] = {}
    own = keys(writing, fields)
    for field in fields:
        if not _takes(field, "INSERT") or field.get("isDeprecated"):
            continue
        found = _value(field, seed, number, is_key=field["identifier"] in own)
        if found is not None:
            made[field["identifier"]] = found
    return {**made, **writing.record}


def keys(writing: Writing, fields: Sequence[Json]) -> tuple[str, ...]:
    """The fields that tell which record is meant."""
    return writing.id_fields or tuple(field["identifier"] for field in fields if field.get("isPrimaryKey"))


def changed(record: Json, writing: Writing, fields: Sequence[Json], operation: str) -> dict[str, Any] | None:
    """The record with another value in one field that is no key; None where the operation takes no such field."""
    names = keys(writing, fields)
    for field in fields:
        name = field["identifier"]
        if name in record and name not in {*names, *writing.record} and _takes(field, operation):
            if data_type(field) in {None, "String"} and not _values(field):
                return {**record, name: f"{str(record[name])[:40]} changed"}
            if data_type(field) in {"Integer", "Long", "Double", "Float"}:
                return {**record, name: 4}
    return None


def _takes(field: Json, operation: str) -> bool:
    """Whether the field is written by the operation; one that says nothing of it is."""
    given = cast("Json | None", field.get("destinationProperties"))
    if given is None:
        return True
    switch = {"INSERT": "isCreatable", "UPDATE": "isUpdatable", "UPSERT": "isUpsertable"}[operation]
    return operation in (given.get("supportedWriteOperations") or ()) or given.get(switch) is True


def _value(field: Json, seed: int, number: int, *, is_key: bool) -> Any:
    if values := _values(field):
        return values[0]
    kind = data_type(field)
    if kind in {None, "String"}:
        return f"headrace-{seed}-{number}"[:_LONGEST]
    if kind in {"Integer", "Long", "BigInteger", "BigDecimal", "Float", "Double", "Short"}:
        # Keys are to be nobody else's; other numbers are to be small.
        return seed + number if is_key else number % 100
    plain = {"Boolean": True, "Date": "2026-01-02", "DateTime": "2026-01-02T03:04:05Z"}
    return plain.get(kind or "")


def _values(field: Json) -> Sequence[str]:
    details = cast("Json", field.get("supportedFieldTypeDetails") or {})
    return cast("Json", details.get("v1") or {}).get("supportedValues") or ()
