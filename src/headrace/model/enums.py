"""The API's enumerations."""

from __future__ import annotations

from headrace.model.api import SHAPES
from headrace.model.shapes import String


def values_of(shape_name: str) -> tuple[str, ...]:
    """The values of the enumeration named, in the model's order; raises TypeError if the shape is none."""
    shape = SHAPES[shape_name]
    if isinstance(shape, String) and shape.enum:
        return shape.enum
    raise TypeError(f"{shape_name} is no enumeration")
