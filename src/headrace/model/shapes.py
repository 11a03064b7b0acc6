"""Shapes of the AppFlow API as frozen values: what a member may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

# A request, an answer or a part of one: wire names, key order kept, no null members,
# timestamps as epoch seconds.
Document = Mapping[str, Any]

Location = Literal["body", "path", "query"]
Limits = Literal["none", "aws"]


class String(NamedTuple):
    """Text; lengths count Unicode code points.

    `pattern` is AWS's regular expression, matched against the whole text; `regex` is the same
    in Python's dialect, where the two differ. `beyond` are values that headrace accepts beside
    `enum`, unless AWS's limits are asked for. A sensitive value is never shown.
    """

    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    regex: str | None = None
    enum: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    is_sensitive: bool = False


class Integer(NamedTuple):
    """A whole number of `bits` bits."""

    min: int | None = None
    max: int | None = None
    bits: Literal[32, 64] = 32


class Float(NamedTuple):
    """A finite number."""


class Boolean(NamedTuple):
    """true or false."""


class Timestamp(NamedTuple):
    """Epoch seconds; ISO 8601 text is accepted too."""


class ListShape(NamedTuple):
    """A list of values of the shape named `member`."""

    member: str
    min: int | None = None
    max: int | None = None


class MapShape(NamedTuple):
    """A map of text of the shape `key` to values of the shape `value`, both named."""

    key: str
    value: str
    min: int | None = None
    max: int | None = None


class Member(NamedTuple):
    """A member of a structure; `shape` is a name in SHAPES."""

    name: str
    shape: str
    is_required: bool = False
    location: Location = "body"


class Structure(NamedTuple):
    """Named members, in the model's order."""

    members: tuple[Member, ...] = ()


class Anything(NamedTuple):
    """Whatever JSON holds, as it was sent: whoever asked for it looks at it."""


Shape = String | Integer | Float | Boolean | Timestamp | ListShape | MapShape | Structure | Anything


class Operation(NamedTuple):
    """One operation: `input` and `output` name structures, `errors` the modelled errors.

    `path` may hold one `{label}`, at its end. `idempotent_token_member` is the input member
    that makes a retry safe, None where there is none.
    """

    name: str
    method: str
    path: str
    input: str
    output: str
    errors: tuple[str, ...] = ()
    idempotent_token_member: str | None = None
    success_status: int = 200
