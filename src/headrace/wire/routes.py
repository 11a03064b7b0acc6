"""From a method and a path to an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from headrace.model.api import OPERATIONS
from headrace.model.shapes import Operation
from headrace.wire.front_errors import MethodNotAllowedException, SerializationException, UnknownOperationException

SHOWN_CHARACTERS = 200
_NO_VALUES: Mapping[str, str] = {}


class Route(NamedTuple):
    """An operation, and what its path label holds, free of percent signs."""

    operation: Operation
    path_values: Mapping[str, str]


def find_route(method: str, raw_path: bytes) -> Route:
    """The operation at a path as it came over the wire, percent signs and all.

    A label takes the whole rest of the path, so that an ARN may stand there un-encoded, with
    its slashes. Raises UnknownOperationException, MethodNotAllowedException, and
    SerializationException where the label is not UTF-8.
    """
    fixed = _FIXED.get(raw_path)
    if fixed is not None:
        return Route(_by_method(fixed, method, raw_path), _NO_VALUES)
    for prefix, label, operations in _LABELLED:
        if raw_path.startswith(prefix) and len(raw_path) > len(prefix):
            return Route(_by_method(operations, method, raw_path), {label: unquoted(raw_path[len(prefix) :], label)})
    raise UnknownOperationException(f"There is no operation at {shown_path(raw_path)}")


def _by_method(operations: Mapping[str, Operation], method: str, raw_path: bytes) -> Operation:
    operation = operations.get(method)
    if operation is None:
        allowed = ", ".join(sorted(operations))
        raise MethodNotAllowedException(
            f"{method[:SHOWN_CHARACTERS]} is no method of {shown_path(raw_path)}: use {allowed}"
        )
    return operation


def unquoted(text: bytes, label: str) -> str:
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise SerializationException(
            f"'{label}' in the path is not valid UTF-8 when its percent signs are read"
        ) from fault


def shown_path(raw_path: bytes) -> str:
    return raw_path[:SHOWN_CHARACTERS].decode("ascii", "backslashreplace")


def _fixed() -> dict[bytes, dict[str, Operation]]:
    paths: dict[bytes, dict[str, Operation]] = {}
    for operation in OPERATIONS.values():
        if "{" not in operation.path:
            paths.setdefault(operation.path.encode(), {})[operation.method] = operation
    return paths


def _labelled() -> tuple[tuple[bytes, str, Mapping[str, Operation]], ...]:
    paths: dict[tuple[bytes, str], dict[str, Operation]] = {}
    for operation in OPERATIONS.values():
        prefix, brace, label = operation.path.partition("{")
        if brace:
            paths.setdefault((prefix.encode(), label.removesuffix("}")), {})[operation.method] = operation
    return tuple((prefix, label, operations) for (prefix, label), operations in paths.items())


_FIXED = _fixed()
_LABELLED = _labelled()
