"""The description of /headrace/v1 in OpenAPI 3.1, made from the table that requests are routed and checked by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from headrace.errors import AccessDeniedException, InternalServerException, ServiceError, ValidationException
from headrace.model.api import ERROR_STATUS
from headrace.model.beyond import ALL
from headrace.model.shapes import (
    Anything,
    Boolean,
    Float,
    Integer,
    ListShape,
    MapShape,
    Shape,
    String,
    Structure,
    Timestamp,
)
from headrace.wire import front_errors
from headrace.wire.extension_table import LABELS, Asked, Row
from headrace.wire.front_errors import FrontError

Schema = dict[str, Any]
_BASE = "/headrace/v1"
_ERROR = "#/components/schemas/Error"
_JSON = "application/json"
_ANYTHING: Schema = {}
_SIGNED = "AWS Signature Version 4, service appflow. Without HEADRACE_AUTH=sigv4, any well-formed one will do, or none."
# What any request may be answered with, and what only those with a body may.
_ALWAYS: tuple[type[ServiceError | FrontError], ...] = (
    ValidationException,
    AccessDeniedException,
    InternalServerException,
    front_errors.SerializationException,
    front_errors.IncompleteSignatureException,
    front_errors.MissingAuthenticationTokenException,
    front_errors.UnrecognizedClientException,
    front_errors.InvalidSignatureException,
)
_WITH_BODY: tuple[type[FrontError], ...] = (
    front_errors.RequestTimeoutException,
    front_errors.RequestEntityTooLargeException,
)
_LENGTHS: Mapping[type, tuple[str, str]] = {
    String: ("minLength", "maxLength"),
    ListShape: ("minItems", "maxItems"),
    MapShape: ("minProperties", "maxProperties"),
    Integer: ("minimum", "maximum"),
}


class _Fault(NamedTuple):
    status: int
    name: str


def openapi(rows: Iterable[Row]) -> dict[str, Any]:
    """The whole document: every row, every shape that it comes by, every error, and how callers are known."""
    paths: dict[str, dict[str, Any]] = {}
    named: set[str] = set()
    for row in rows:
        paths.setdefault(_BASE + row.path, {})[row.method.lower()] = _operation(row)
        named |= {row.answer, *(asked.shape for asked in row.members.values())}
        named |= {LABELS[label] for label in _labels(row)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "headrace",
            "version": "1",
            "description": "What headrace answers beside the operations of Amazon AppFlow.",
        },
        "paths": paths,
        "security": [{"sigv4": []}, {}],
        "components": {
            "securitySchemes": {
                "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "description": _SIGNED}
            },
            "schemas": {"Error": _error_schema(), **{name: _schema(ALL[name]) for name in sorted(_reached(named))}},
        },
    }


def _operation(row: Row) -> dict[str, Any]:
    parameters = [_parameter(label, Asked(LABELS[label], ""), "path") for label in _labels(row)]
    operation: dict[str, Any] = {
        "operationId": row.name.rpartition(":")[2],
        "summary": row.about,
        "description": _permission(row),
        "parameters": parameters,
        "responses": {str(row.status): _answer(row), **dict(_errors(row))},
    }
    for name, about in row.headers.items():
        parameters.append({"name": name, "in": "header", "description": about, "schema": {"type": "string"}})
    if row.takes:
        operation["requestBody"] = {"required": True, "content": {media: {"schema": _ANYTHING} for media in row.takes}}
    elif not row.has_body:
        parameters += [_parameter(name, asked, "query") for name, asked in row.members.items()]
    elif row.members:
        required = [name for name, asked in row.members.items() if asked.is_required]
        operation["requestBody"] = {
            "required": bool(required),
            "content": {_JSON: {"schema": _object(_members(row), required, is_open=False)}},
        }
    return operation


def _permission(row: Row) -> str:
    if row.permission is None:
        return "Any caller may ask for it."
    action = row.permission if ":" in row.permission else f"appflow:{row.permission}"
    return f"With HEADRACE_AUTH=sigv4, a policy has to allow {action}."


def _labels(row: Row) -> list[str]:
    return [part.strip("{}") for part in row.path.split("/") if part.startswith("{")]


def _parameter(name: str, asked: Asked, place: str) -> dict[str, Any]:
    is_required = place == "path" or asked.is_required
    told = {"description": asked.about} if asked.about else {}
    schema = _asked(asked.shape)
    if asked.is_list:
        listed = {"style": "form", "explode": False}
        return {"name": name, "in": place, **told, **listed, "schema": {"type": "array", "items": schema}}
    return {"name": name, "in": place, "required": is_required, **told, "schema": schema}


def _members(row: Row) -> dict[str, Schema]:
    return {name: {**_asked(asked.shape), "description": asked.about} for name, asked in row.members.items()}


def _asked(shape_name: str) -> Schema:
    """The schema of what a request gives: instants may be text."""
    if isinstance(ALL[shape_name], Timestamp):
        return {"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]}
    return _named(shape_name)


def _answer(row: Row) -> dict[str, Any]:
    return {"description": "What was asked for.", "content": {row.media or _JSON: {"schema": _named(row.answer)}}}


def _errors(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    faults = {_Fault(kind.status, kind.__name__) for kind in (*_ALWAYS, *(_WITH_BODY if row.has_body else ()))}
    faults |= {_Fault(ERROR_STATUS[name], name) for name in row.errors}
    for status in sorted({fault.status for fault in faults}):
        names = sorted(fault.name for fault in faults if fault.status == status)
        kind = {"schema": {"type": "string", "enum": names}, "description": "Which error it is."}
        yield (
            str(status),
            {
                "description": ", ".join(names),
                "headers": {"x-amzn-ErrorType": kind},
                "content": {_JSON: {"schema": {"$ref": _ERROR}}},
            },
        )


def _error_schema() -> Schema:
    return _object({"message": {"type": "string"}}, ["message"])


def _named(shape_name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{shape_name}"}


def _reached(names: Iterable[str]) -> set[str]:
    """The shapes named, and all that they are made of."""
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _parts(ALL[name])
    return reached


def _parts(shape: Shape) -> list[str]:
    if isinstance(shape, Structure):
        return [member.shape for member in shape.members]
    if isinstance(shape, ListShape):
        return [shape.member]
    return [shape.key, shape.value] if isinstance(shape, MapShape) else []


def _schema(shape: Shape) -> Schema:
    if isinstance(shape, Structure):
        members = {member.name: _named(member.shape) for member in shape.members}
        return _object(members, [member.name for member in shape.members if member.is_required])
    return {**_TYPES[type(shape)], **_bounds(shape), **_details(shape)}


def _object(members: Mapping[str, Schema], required: list[str], *, is_open: bool = True) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(members)}
    if required:
        schema["required"] = required
    return schema if is_open else {**schema, "additionalProperties": False}


def _bounds(shape: Any) -> Schema:
    if type(shape) not in _LENGTHS:
        return {}
    pairs = zip(_LENGTHS[type(shape)], (shape.min, shape.max), strict=True)
    return {name: bound for name, bound in pairs if bound is not None}


def _details(shape: Shape) -> Schema:
    if isinstance(shape, String):
        pattern = {} if shape.pattern is None else {"pattern": f"^(?:{shape.regex or shape.pattern})$"}
        choice = {"enum": [*shape.enum, *shape.beyond]} if shape.enum else {}
        return {**pattern, **choice}
    if isinstance(shape, ListShape):
        return {"items": _named(shape.member)}
    if isinstance(shape, MapShape):
        return {"propertyNames": _named(shape.key), "additionalProperties": _named(shape.value)}
    return {"format": f"int{shape.bits}"} if isinstance(shape, Integer) else {}


_TYPES: Mapping[type, Schema] = {
    String: {"type": "string"},
    Integer: {"type": "integer"},
    Float: {"type": "number"},
    Boolean: {"type": "boolean"},
    Timestamp: {"type": "number", "description": "Seconds since 1970, UTC."},
    ListShape: {"type": "array"},
    MapShape: {"type": "object"},
    Anything: {},
}
