"""What headrace answers beyond AppFlow's API, under /headrace/v1: JSON, with the same callers, policies and errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from headrace.errors import ValidationException
from headrace.model.api import OPERATIONS
from headrace.model.beyond import ALL
from headrace.model.check import check
from headrace.model.codec import decode_as
from headrace.model.json_text import parse
from headrace.model.shapes import Boolean, Float, Integer, Limits, Operation, Timestamp
from headrace.wire.extension_table import LABELS, ROWS, Asked, Row
from headrace.wire.front_errors import MethodNotAllowedException, SerializationException, UnknownOperationException
from headrace.wire.replies import Reply, told
from headrace.wire.routes import SHOWN_CHARACTERS, shown_path, unquoted

PREFIX = b"/headrace/v1/"
_NUMBER = re.compile(r"-?[0-9]{1,15}")
_SWITCHES: Mapping[str, bool] = {"true": True, "false": False}

Query = Mapping[str, Sequence[str]]


class Beyond(NamedTuple):
    """A row, and what the labels of its path hold, free of percent signs."""

    row: Row
    path_values: Mapping[str, str]

    @property
    def permission(self) -> Operation | None:
        """The operation that a policy has to allow; None: any caller may, or the row has a door of its own."""
        return OPERATIONS.get(self.row.permission or "")

    @property
    def is_named_within(self) -> bool:
        """Whether the body says which flow it is about."""
        return "flowName" in self.row.members

    def permissions_of(self, request: Mapping[str, Any]) -> tuple[Operation, ...]:
        """What a policy has to allow where the body says which flow it is about; to look at what a document of the
        caller's own names takes the right to create it, too.
        """
        if self.permission is None or not self.is_named_within:
            return ()
        return (self.permission, *([OPERATIONS["CreateFlow"]] if "flow" in request else []))

    def request(self, query: Query, body: bytes, limits: Limits) -> dict[str, Any]:
        """The request, read and checked. Raises SerializationError and ValidationException."""
        row = self.row
        request = _of_body(row, query, body) if row.has_body else _of_query(row, query, body)
        missing = [name for name, asked in row.members.items() if asked.is_required and name not in request]
        if missing:
            raise ValidationException(f"{', '.join(missing)} must be given: {row.members[missing[0]].about}")
        for name, value in request.items():
            for each in value if row.members[name].is_list else [value]:
                check(row.members[name].shape, each, limits=limits, place=(None, name))
        for label, value in self.path_values.items():
            check(LABELS[label], value, limits=limits, place=(None, label))
        return {**request, **self.path_values}


def find_beyond(method: str, raw_path: bytes) -> Beyond:
    """What lies at the path. Raises UnknownOperationException, MethodNotAllowedException and SerializationException."""
    given = raw_path.removeprefix(PREFIX).split(b"/")
    there = [(row, values) for row in ROWS if (values := _matched(row.path, given)) is not None]
    if not there:
        raise UnknownOperationException(f"There is nothing at {shown_path(raw_path)}")
    for row, values in there:
        if row.method == method:
            return Beyond(row, {label: unquoted(raw, label) for label, raw in values.items()})
    allowed = ", ".join(sorted(row.method for row, _ in there))
    raise MethodNotAllowedException(
        f"{method[:SHOWN_CHARACTERS]} is no method of {shown_path(raw_path)}: use {allowed}"
    )


def named(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a policy is asked about: the flow that the request names, or that its document is of."""
    document = request.get("flow", request)
    return cast("Mapping[str, Any]", document) if isinstance(document, Mapping) else {}


def replied(row: Row, answer: Mapping[str, Any], request_id: str) -> Reply:
    """The answer as JSON, or in blocks."""
    if row.media is not None:
        headers = [(b"x-amzn-RequestId", request_id.encode()), (b"content-type", row.media.encode())]
        return Reply(200, headers, b"", blocks=answer["blocks"])
    return told(answer, request_id)


def _matched(template: str, given: Sequence[bytes]) -> dict[str, bytes] | None:
    """What stands at the labels of the template; None where the path is another."""
    parts = template.removeprefix("/").split("/")
    if len(parts) != len(given):
        return None
    values: dict[str, bytes] = {}
    for part, raw in zip(parts, given, strict=True):
        if part.startswith("{") and raw:
            values[part.strip("{}")] = raw
        elif part.encode() != raw:
            return None
    return values


def _of_body(row: Row, query: Query, body: bytes) -> dict[str, Any]:
    _refuse_unknown(query, {})
    given: Any = parse(body) if body else {}
    if not isinstance(given, dict):
        raise SerializationException("The body is no JSON object")
    members = cast("dict[str, Any]", given)
    _refuse_unknown(members, row.members)
    given_members = ((name, value) for name, value in members.items() if value is not None)
    return {name: decode_as(row.members[name].shape, value, (None, name)) for name, value in given_members}


def _of_query(row: Row, query: Query, body: bytes) -> dict[str, Any]:
    _refuse_unknown(query, row.members)
    if body:
        raise SerializationException(f"A {row.method} request has no body: write what it asks for into the query")
    return {name: _values(row.members[name], name, values) for name, values in query.items() if name in row.members}


def _values(asked: Asked, name: str, values: Sequence[str]) -> Any:
    place = (None, name)
    if asked.is_list:
        return [decode_as(asked.shape, each, place) for value in values for each in value.split(",")]
    return decode_as(asked.shape, _as_json(asked.shape, values[-1]), place)


def _as_json(shape_name: str, text: str) -> Any:
    """The text of a query as JSON would have it; text that is none of the shape's stays what it is, to be refused."""
    shape = ALL[shape_name]
    if isinstance(shape, Boolean):
        return _SWITCHES.get(text, text)
    is_number = isinstance(shape, Integer | Float | Timestamp) and _NUMBER.fullmatch(text) is not None
    return int(text) if is_number else text


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Asked]) -> None:
    unknown = sorted(name for name in given if name not in known and not name.startswith("X-Amz-"))
    if unknown:
        allowed = ", ".join(known) or "none"
        raise ValidationException(f"There is no member {', '.join(unknown)[:SHOWN_CHARACTERS]}: allowed are {allowed}")
