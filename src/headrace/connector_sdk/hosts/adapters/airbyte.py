"""Airbyte connectors: what they are asked by arguments and files, and what their lines mean.

Source: the Airbyte protocol 0.x. A connector may be a program of its own, or the one that runs YAML manifests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from headrace.connector_sdk.hosts.adapters.found import Found, cursor_of, identifier
from headrace.connector_sdk.hosts.adapters.messages import (
    BYTE_ORDER_MARK,
    Bookmark,
    Description,
    Failure,
    Finished,
    Message,
    Order,
    Record,
    Wanted,
    Words,
    manifest_path,
    said,
    text_of,
    unclear,
)
from headrace.connector_sdk.hosts.adapters.options import Options
from headrace.connector_sdk.lambda_answers import as_list, as_object, spoken
from headrace.errors import ConnectorError, Refused, Retry, Stop

Json = dict[str, Any]

_CONFIGURATION, _CATALOG, _STATE = "config.json", "catalog.json", "state.json"
_INCREMENTAL = "incremental"
_LOOKED_FOR = frozenset({"RECORD", "STATE", "LOG", "TRACE"})


class _Data(msgspec.Struct):
    entity: str = msgspec.field(name="stream")
    data: msgspec.Raw
    namespace: str | None = None


class _Record(msgspec.Struct, tag_field="type", tag="RECORD"):
    record: _Data


class _State(msgspec.Struct, tag_field="type", tag="STATE"):
    state: msgspec.Raw


class _Log(msgspec.Struct, tag_field="type", tag="LOG"):
    log: dict[str, Any]


class _Trace(msgspec.Struct, tag_field="type", tag="TRACE"):
    trace: dict[str, Any]


_decoder = msgspec.json.Decoder(_Record | _State | _Log | _Trace)


class Airbyte:
    """See Protocolled. `manifest` is what the connector runs, where it runs manifests, and `read_manifest` reads it."""

    has_defaults = True

    def __init__(self, name: str, manifest: Path | None, read_manifest: Callable[[Path], Json]) -> None:
        self._name = name
        self._manifest = manifest
        self._read_manifest = read_manifest

    def describe(self, finished: Finished) -> Description:
        """See Protocolled. What runs manifests knows nothing of their settings: those are in the manifest."""
        if self._manifest is not None:
            manifest = self._read_manifest(self._manifest)
            spec = as_object(manifest.get("spec")) or {}
            schema = as_object(spec.get("connection_specification")) or {}
            return Description(self._manifest.stem, None, "Airbyte", Options.of(schema))
        answer = self._answer(finished, Order(("spec",), {}), "spec", "saying what it is")
        schema = as_object(answer.get("connectionSpecification")) or {}
        return Description(self._name, None, "Airbyte", Options.of(schema))

    def recognizes(self, finished: Finished) -> bool:  # noqa: ARG002 - what has no spec is no connector at all
        """See Protocolled."""
        return True

    def check(self, finished: Finished, configuration: Json) -> None:
        """See Protocolled."""
        status = self._answer(finished, self._order("check", configuration), "connectionStatus", "its check")
        if status.get("status") != "SUCCEEDED":
            raise Refused(spoken(str(status.get("message") or "The check failed without a word.")))

    def discover(self, finished: Finished, configuration: Json) -> Sequence[Found]:
        """See Protocolled."""
        order = self._order("discover", configuration)
        catalog = self._answer(finished, order, "catalog", "finding out its entities")
        return [_found(as_object(each) or {}) for each in as_list(catalog, "streams")]

    def reading(self, configuration: Json, wanted: Wanted) -> tuple[Order, AirbyteHearing]:
        """See Protocolled."""
        order = self._order("read", configuration)
        files = {**order.files, _CATALOG: json.dumps({"streams": [_chosen(wanted)]})}
        arguments = (*order.arguments, "--catalog", _CATALOG)
        if wanted.since:
            files[_STATE] = wanted.since
            arguments += ("--state", _STATE)
        hearing = AirbyteHearing(str(wanted.entity.get("name")), wanted.entity.get("namespace"))
        return Order(arguments, files), hearing

    def _order(self, command: str, configuration: Json) -> Order:
        arguments = (command, "--config", _CONFIGURATION, *manifest_path(self._manifest))
        return Order(arguments, {_CONFIGURATION: json.dumps(configuration)})

    def _answer(self, finished: Finished, order: Order, member: str, what: str) -> Json:
        """The member of the message that has it; the connector's failure, where there is none."""
        lines, code, words = finished(order, what)
        for message in _messages(lines):
            found = as_object(message.get(member))
            if found is not None:
                return found
        for message in _messages(lines):
            failure = _failure(as_object(message.get("trace")) or {})
            if failure is not None:
                raise failure.error
        raise Stop(words if code != 0 else f"{self._name} gave no {member} ({what}).")


class AirbyteHearing:
    """See Hearing."""

    def __init__(self, entity: str, namespace: object) -> None:
        self._entity = entity
        self._namespace = namespace if isinstance(namespace, str) else None

    def __call__(self, line: bytes) -> Message:
        """See Hearing."""
        message: _Record | _State | _Log | _Trace
        try:
            message = _decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            bare = line.removeprefix(BYTE_ORDER_MARK)
            return self._loosely(line, error) if bare == line else self(bare)
        match message:
            case _Record(record=record):
                return self._record(record.entity, record.namespace, record.data)
            case _State():
                return _bookmark(as_object(json.loads(text_of(message.state))) or {})
            case _Log():
                return Words(str(message.log.get("message")))
            case _Trace():
                return _failure(message.trace)

    def _record(self, entity: str, namespace: object, data: bytes | memoryview) -> Record | None:
        return Record(text_of(data)) if (entity, namespace) == (self._entity, self._namespace) else None

    def _loosely(self, line: bytes, error: Exception) -> Message:
        """A line that is none of the messages that concern us, or one of them with what is no JSON."""
        message = said(line, error)
        if isinstance(message, Words):
            return message
        record = as_object(message.get("record")) or {}
        if message["type"] == "RECORD" and "data" in record:
            return self._record(str(record.get("stream")), record.get("namespace"), json.dumps(record["data"]).encode())
        if message["type"] in _LOOKED_FOR:
            raise unclear(line, error)
        # A connector that renews its own credentials says so by this one.
        is_control = message["type"] == "CONTROL"
        return Words("The connector changed its configuration, which is not kept.") if is_control else None


def _bookmark(state: Json) -> Bookmark | None:
    """The state as the file for the next run has it: a list, but for connectors of old."""
    kind = state.get("type")
    member = {"GLOBAL": "global", "STREAM": "stream"}.get(str(kind), "data")
    own = as_object(state.get(member))
    if own is None:
        return None
    return Bookmark(json.dumps(own if member == "data" else [{"type": kind, member: own}]))


def _failure(trace: Json) -> Failure | None:
    error = as_object(trace.get("error"))
    if trace.get("type") != "ERROR" or error is None:
        return None
    said, inner = error.get("message"), error.get("internal_message")
    words = spoken("; ".join(str(each) for each in (said, inner) if each)) or "The connector failed without a word."
    kind: type[ConnectorError] = Retry if error.get("failure_type") == "transient_error" else Stop
    return Failure(kind(words))


def _found(entity: Json) -> Found:
    name, namespace = str(entity.get("name")), entity.get("namespace")
    keys = [each[0] for each in as_list(entity, "source_defined_primary_key") if each]
    cursor = as_list(entity, "default_cursor_field")
    modes = as_list(entity, "supported_sync_modes")
    return Found(
        name=identifier(f"{namespace}.{name}" if namespace else name),
        schema=as_object(entity.get("json_schema")) or {},
        keys=tuple(map(str, keys)),
        cursors=(str(cursor[0]),) if cursor else (),
        keeps_place=_INCREMENTAL in modes,
        document=entity,
    )


def _chosen(wanted: Wanted) -> Json:
    """The entity of a configured catalog: with the fields that are wanted, and those that the connector needs."""
    entity: Json = json.loads(json.dumps(wanted.entity))
    default, keys = list(as_list(entity, "default_cursor_field")), list(as_list(entity, "source_defined_primary_key"))
    is_incremental = wanted.is_incremental and _INCREMENTAL in as_list(entity, "supported_sync_modes")
    schema = as_object(entity.get("json_schema")) or {}
    properties = as_object(schema.get("properties")) or {}
    is_free = is_incremental and entity.get("source_defined_cursor") is not True
    known = tuple(map(str, default)) if wanted.cursor is None else ()
    cursor = [cursor_of(str(entity.get("name")), wanted.cursor, known, properties)] if is_free else default
    needed = {*wanted.fields, *(str(each[0]) for each in (cursor, *keys) if each)}
    entity["json_schema"] = {**schema, "properties": {name: properties[name] for name in properties if name in needed}}
    return {
        "stream": entity,
        "sync_mode": _INCREMENTAL if is_incremental else "full_refresh",
        "destination_sync_mode": "append",
        "cursor_field": cursor,
        "primary_key": keys,
    }


def _messages(lines: Sequence[bytes]) -> Iterator[Json]:
    for line in lines:
        try:
            found = as_object(json.loads(line))
        except (ValueError, RecursionError):
            continue
        if found is not None:
            yield found
