"""What headrace answers beyond AppFlow's API, under /headrace/v1: JSON, with the same callers, policies and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from headrace.errors import ValidationException
from headrace.model.api import OPERATIONS
from headrace.model.check import check
from headrace.model.codec import decode_as, dump
from headrace.model.json_text import parse
from headrace.model.shapes import Limits, Operation
from headrace.operations import runs
from headrace.wire.front_errors import MethodNotAllowedException, SerializationException, UnknownOperationException
from headrace.wire.replies import Reply

PREFIX = b"/headrace/v1/"
_EXECUTIONS = re.compile(rb"/headrace/v1/flows/([^/]+)/executions")
_SHOWN_CHARACTERS = 200

Query = Mapping[str, Sequence[str]]


class Member(NamedTuple):
    """A member of a request: the model's shape of its value; of a query it may be given several times."""

    shape: str
    is_list: bool = False


class Beyond(NamedTuple):
    """One thing to ask for: what runs it, and the operation whose permission it takes."""

    name: str
    permission: Operation
    read: Callable[[Query, bytes], dict[str, Any]]
    flow_name: str

    def request(self, query: Query, body: bytes, limits: Limits) -> dict[str, Any]:
        """The request, read and checked. Raises SerializationError and ValidationException."""
        request = self.read(query, body)
        for name, value in request.items():
            check_member(name, value, limits)
        check(self.permission, {"flowName": self.flow_name}, limits=limits)
        return {**request, "flowName": self.flow_name}


_START: Mapping[str, Member] = {
    "from": Member("Date"),
    "to": Member("Date"),
    "fullRefresh": Member("Boolean"),
    "filters": Member("Tasks"),
    "clientToken": Member("ClientToken"),
}
_LIST: Mapping[str, Member] = {
    "from": Member("Date"),
    "to": Member("Date"),
    "ids": Member("ExecutionId", is_list=True),
    "statuses": Member("ExecutionStatus", is_list=True),
    "maxResults": Member("MaxResults"),
    "nextToken": Member("NextToken"),
}


def find_beyond(method: str, raw_path: bytes) -> Beyond:
    """What lies at the path. Raises UnknownOperationException and MethodNotAllowedException."""
    found = _EXECUTIONS.fullmatch(raw_path)
    if found is None:
        shown = raw_path[:_SHOWN_CHARACTERS].decode("ascii", "backslashreplace")
        raise UnknownOperationException(f"There is nothing at {shown}")
    flow_name = unquote(found[1].decode("latin-1"))
    if method == "POST":
        return Beyond(runs.START, OPERATIONS["StartFlow"], _read_start, flow_name)
    if method == "GET":
        return Beyond(runs.LIST, OPERATIONS["DescribeFlowExecutionRecords"], _read_list, flow_name)
    raise MethodNotAllowedException(f"{method[:_SHOWN_CHARACTERS]} is no method of a flow's executions: use GET, POST")


def replied(answer: Mapping[str, Any], request_id: str) -> Reply:
    """The answer as JSON."""
    body = dump(answer)
    headers = [
        (b"x-amzn-RequestId", request_id.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    return Reply(200, headers, body)


def check_member(name: str, value: Any, limits: Limits) -> None:
    """Raise ValidationException unless the value keeps the constraints of its member."""
    member = _START.get(name) or _LIST[name]
    for each in value if member.is_list else [value]:
        check(member.shape, each, limits=limits, place=(None, name))


def _read_start(query: Query, body: bytes) -> dict[str, Any]:
    _refuse_unknown(query, {})
    given: Any = parse(body) if body else {}
    if not isinstance(given, dict):
        raise SerializationException("The body is no JSON object")
    members = cast("dict[str, Any]", given)
    _refuse_unknown(members, _START)
    given_members = ((name, value) for name, value in members.items() if value is not None)
    return {name: decode_as(_START[name].shape, value, (None, name)) for name, value in given_members}


def _read_list(query: Query, body: bytes) -> dict[str, Any]:
    _refuse_unknown(query, _LIST)
    if body:
        raise SerializationException("A GET request has no body: write what to look for into the query")
    return {name: _of_query(name, values) for name, values in query.items() if name in _LIST}


def _of_query(name: str, values: Sequence[str]) -> Any:
    member, place = _LIST[name], (None, name)
    if member.is_list:
        return [decode_as(member.shape, each, place) for value in values for each in value.split(",")]
    text = values[-1]
    is_number = member.shape in {"Date", "MaxResults"} and re.fullmatch(r"[0-9]{1,15}", text) is not None
    return decode_as(member.shape, int(text) if is_number else text, place)


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Member]) -> None:
    unknown = sorted(name for name in given if name not in known and not name.startswith("X-Amz-"))
    if unknown:
        allowed = ", ".join(known) or "none"
        raise ValidationException(f"There is no member {', '.join(unknown)[:_SHOWN_CHARACTERS]}: allowed are {allowed}")
