"""Singer taps: what they are asked by arguments and files, and what their lines mean.

Source: the Singer specification, and the settings and metadata that taps on Meltano's SDK have beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from headrace.connector_sdk.hosts.adapters.found import Found, cursor_of, identifier
from headrace.connector_sdk.hosts.adapters.messages import (
    BYTE_ORDER_MARK,
    Bookmark,
    Description,
    Finished,
    Message,
    Order,
    Record,
    Wanted,
    Words,
    said,
    text_of,
    unclear,
)
from headrace.connector_sdk.hosts.adapters.options import Options
from headrace.connector_sdk.lambda_answers import as_list, as_object, spoken
from headrace.errors import ConnectorError, Refused, Stop

Json = dict[str, Any]

_CONFIGURATION, _CATALOG, _STATE = "config.json", "catalog.json", "state.json"
_FULL, _INCREMENTAL = "FULL_TABLE", "INCREMENTAL"
_LOOKED_FOR = frozenset({"RECORD", "SCHEMA", "STATE", "BATCH"})
# A tap says in words alone that it was refused.
_IS_REFUSAL = re.compile(
    r"\b(?:401|403|unauthori[sz]ed|forbidden|authenticat\w*|credentials?|password|(?:access|permission) denied)\b",
    re.IGNORECASE,
)

_IS_HELP = re.compile(r"--(?:discover|catalog|properties)\b")


class _Record(msgspec.Struct, tag_field="type", tag="RECORD"):
    entity: str = msgspec.field(name="stream")
    record: msgspec.Raw


class _Schema(msgspec.Struct, tag_field="type", tag="SCHEMA"):
    entity: str = msgspec.field(name="stream")


class _State(msgspec.Struct, tag_field="type", tag="STATE"):
    value: msgspec.Raw


class _Batch(msgspec.Struct, tag_field="type", tag="BATCH"):
    entity: str = msgspec.field(name="stream")


_decoder = msgspec.json.Decoder(_Record | _Schema | _State | _Batch)


class Singer:
    """See Protocolled. Taps know their own defaults."""

    has_defaults = False

    def __init__(self, name: str) -> None:
        self._name = name

    def describe(self, finished: Finished) -> Description:
        """See Protocolled. A tap that can't say what it has to be told is told anything."""
        lines, code, _ = finished(Order(("--about", "--format=json"), {}), "saying what it is")
        about = _document(lines) if code == 0 else None
        if about is None:
            return Description(self._name, None, "Singer", Options.of(None))
        name, version = about.get("name") or self._name, about.get("version")
        options = Options.of(as_object(about.get("settings")) or {})
        return Description(str(name), version and str(version), "Singer", options)

    def recognizes(self, finished: Finished) -> bool:
        """See Protocolled."""
        lines, _, words = finished(Order(("--help",), {}), "showing its help")
        # What the command line of no tap is without, by either of two names.
        return _IS_HELP.search(f"{b' '.join(lines).decode('utf-8', 'replace')} {words}") is not None

    def check(self, finished: Finished, configuration: Json) -> None:
        """See Protocolled: a tap is not asked, it finds out its entities."""
        self.discover(finished, configuration)

    def discover(self, finished: Finished, configuration: Json) -> Sequence[Found]:
        """See Protocolled."""
        order = Order(("--config", _CONFIGURATION, "--discover"), {_CONFIGURATION: json.dumps(configuration)})
        lines, code, words = finished(order, "finding out its entities")
        if code != 0:
            raise _refusal(words)
        catalog = _document(lines)
        if catalog is None or not isinstance(catalog.get("streams"), list):
            raise Stop(f"{self._name} printed no catalog when it was asked for its entities: {_start(lines)}")
        return [_found(as_object(each) or {}) for each in as_list(catalog, "streams")]

    def reading(self, configuration: Json, wanted: Wanted) -> tuple[Order, SingerHearing]:
        """See Protocolled."""
        entry = _chosen(wanted)
        files = {_CONFIGURATION: json.dumps(configuration), _CATALOG: json.dumps({"streams": [entry]})}
        arguments = ("--config", _CONFIGURATION, "--catalog", _CATALOG)
        if wanted.since:
            files[_STATE] = wanted.since
            arguments += ("--state", _STATE)
        return Order(arguments, files), SingerHearing({_name(entry), str(entry.get("stream"))})


class SingerHearing:
    """See Hearing; `names` are those that the entity goes by."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._described: set[str] = set()

    def __call__(self, line: bytes) -> Message:
        """See Hearing."""
        message: _Record | _Schema | _State | _Batch
        try:
            message = _decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            bare = line.removeprefix(BYTE_ORDER_MARK)
            return self._loosely(line, error) if bare == line else self(bare)
        match message:
            case _Record():
                return self._record(message.entity, message.record)
            case _State():
                return Bookmark(text_of(message.value))
            case _Schema():
                self._described.add(message.entity)
                return None
            case _Batch():
                raise Stop(
                    f"The tap wrote a batch of {message.entity} to a file, which is not read. Leave batch_config out"
                    " of its settings."
                )

    def _record(self, entity: str, record: bytes | memoryview) -> Record | None:
        if entity not in self._names:
            return None
        if entity not in self._described:
            raise Stop(f"The tap gave a record of {entity} before its SCHEMA, so it can't be trusted.")
        return Record(text_of(record))

    def _loosely(self, line: bytes, error: Exception) -> Message:
        """A line that is none of the messages that concern us, or one of them with what is no JSON."""
        message = said(line, error)
        if isinstance(message, Words):
            return message
        if message["type"] == "RECORD" and "record" in message:
            return self._record(str(message.get("stream")), json.dumps(message["record"]).encode())
        if message["type"] in _LOOKED_FOR:
            raise unclear(line, error)
        return None


def _found(entry: Json) -> Found:
    root = _metadata(entry)
    keys = root.get("table-key-properties") or entry.get("key_properties") or ()
    return Found(
        name=identifier(_name(entry)),
        schema=as_object(entry.get("schema")) or {},
        keys=tuple(map(str, keys)),
        cursors=_cursors(entry, root),
        keeps_place=_method(entry, root) != _FULL,
        document=entry,
    )


def _chosen(wanted: Wanted) -> Json:
    """The entry of the catalog, with what is wanted selected."""
    entry: Json = json.loads(json.dumps(wanted.entity))
    properties = as_object((as_object(entry.get("schema")) or {}).get("properties")) or {}
    marks: dict[tuple[str, ...], Json] = {_place(each): as_object(each.get("metadata")) or {} for each in _all(entry)}
    root = marks.setdefault((), {})
    for name in properties:
        marks.setdefault(("properties", name), {"inclusion": "available"})["selected"] = name in wanted.fields
    root["selected"] = entry["selected"] = True
    if wanted.is_incremental:
        root["replication-method"] = _INCREMENTAL
        root["replication-key"] = cursor_of(_name(entry), wanted.cursor, _cursors(entry, root), properties)
    elif not root.get("replication-method"):
        root["replication-method"] = entry.get("replication_method") or _FULL
    entry["replication_method"], entry["replication_key"] = root["replication-method"], root.get("replication-key")
    entry["metadata"] = [{"breadcrumb": list(place), "metadata": each} for place, each in marks.items()]
    return entry


def _cursors(entry: Json, root: Mapping[str, Any]) -> tuple[str, ...]:
    own = root.get("replication-key") or entry.get("replication_key")
    return (str(own),) if own else tuple(map(str, as_list(root, "valid-replication-keys")))


def _method(entry: Json, root: Mapping[str, Any]) -> object:
    return root.get("forced-replication-method") or root.get("replication-method") or entry.get("replication_method")


def _metadata(entry: Json) -> Json:
    for each in _all(entry):
        if not _place(each):
            return as_object(each.get("metadata")) or {}
    return {}


def _place(metadata: Json) -> tuple[str, ...]:
    return tuple(map(str, as_list(metadata, "breadcrumb")))


def _all(entry: Json) -> Iterable[Json]:
    return [as_object(each) or {} for each in as_list(entry, "metadata")]


def _name(entry: Json) -> str:
    return str(entry.get("tap_stream_id") or entry.get("stream"))


def _document(lines: Sequence[bytes]) -> Json | None:
    """The object that the lines are, after lines for people; None: they are none."""
    starts = (place for place, line in enumerate(lines) if line.lstrip().startswith(b"{"))
    try:
        return as_object(json.loads(b"\n".join(lines[next(starts, 0) :])))
    except (ValueError, RecursionError):
        return None


def _refusal(words: str) -> ConnectorError:
    return Refused(words) if _IS_REFUSAL.search(words) else Stop(words)


def _start(lines: Sequence[bytes]) -> str:
    return spoken(b" ".join(lines)[:200].decode("utf-8", "replace")) or "nothing"
