"""A document to fill in: every member of a shape, with a value of its kind."""

from __future__ import annotations

from typing import Any

from headrace.model.api import SHAPES
from headrace.model.shapes import Boolean, Float, Integer, ListShape, MapShape, String, Structure, Timestamp

_EMPTY: tuple[tuple[type, Any], ...] = (
    (Boolean, True),
    (Integer, 0),
    (Float, 0.0),
    (Timestamp, "1970-01-01T00:00:00"),
)


def skeleton(shape_name: str) -> Any:
    """The document; of an enumeration the first value stands there."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Structure):
        return {member.name: skeleton(member.shape) for member in shape.members}
    if isinstance(shape, ListShape):
        return [skeleton(shape.member)]
    if isinstance(shape, MapShape):
        return {skeleton(shape.key) or "KeyName": skeleton(shape.value)}
    if isinstance(shape, String):
        return shape.enum[0] if shape.enum else ""
    return next(value for kind, value in _EMPTY if isinstance(shape, kind))
