"""Requests and answers between the wire and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from headrace.model.api import SHAPES
from headrace.model.json_text import SerializationError, dump, epoch_seconds, parse
from headrace.model.places import Place
from headrace.model.readers import reader
from headrace.model.shapes import Document, ListShape, Location, Operation, Structure

__all__ = ["SerializationError", "decode", "decode_as", "dump", "encode", "epoch_seconds", "parse"]

NO_CONTENT = 204
_NO_VALUES: Mapping[str, str] = {}
_NO_QUERY: Mapping[str, Sequence[str]] = {}


def decode(
    operation: Operation,
    *,
    path_values: Mapping[str, str] = _NO_VALUES,
    query: Mapping[str, Sequence[str]] = _NO_QUERY,
    body: bytes = b"",
) -> dict[str, Any]:
    """Read a request: members the model doesn't know and null members are left out, key order is kept.

    An empty body counts as `{}`. ISO 8601 timestamps become epoch seconds. `path_values` and
    `query` come without percent signs. Constraints are not looked at: that is `check`.

    Raises SerializationError.
    """
    request: dict[str, Any] = reader(operation.input)(parse(body), None) if body else {}
    for name, location, is_list in _outside_the_body(operation.input):
        request.pop(name, None)
        if location == "path" and name in path_values:
            request[name] = path_values[name]
        elif location == "query" and name in query:
            request[name] = list(query[name]) if is_list else query[name][-1]
    return request


def decode_as(shape_name: str, value: object, place: Place = None) -> Any:
    """Read parsed JSON as the shape named, as `decode` does; raises SerializationError."""
    return reader(shape_name)(value, place)


def encode(operation: Operation, answer: Document) -> bytes:
    """Write an answer: None members are left out, empty maps stay, datetimes become epoch seconds.

    Empty where the operation answers 204. Raises ValueError for NaN, TypeError for what JSON can't hold.
    """
    return b"" if operation.success_status == NO_CONTENT else dump(answer)


@cache
def _outside_the_body(structure_name: str) -> tuple[tuple[str, Location, bool], ...]:
    shape = SHAPES[structure_name]
    return tuple(
        (member.name, member.location, isinstance(SHAPES[member.shape], ListShape))
        for member in (shape.members if isinstance(shape, Structure) else ())
        if member.location != "body"
    )
