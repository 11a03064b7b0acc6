"""Records of a service in the one form that both versions of OData have in the output."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec

from headrace.connectors.sapodata.edmx import EntitySet, Metadata, Property

Change = Callable[[bytes], bytes]
_Member = tuple[bytes, Change | None]

_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])
# Version 2 writes these as text, version 4 too where it is asked for exact numbers.
_AS_TEXT: Final = frozenset(
    f"Edm.{name}" for name in ("Byte", "SByte", "Int16", "Int32", "Int64", "Decimal", "Double", "Single")
)
_NUMBER: Final = re.compile(rb'"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"')
_DATE: Final = re.compile(rb'"\\?/Date\((-?[0-9]{1,17})(?:[+-][0-9]{1,4})?\)\\?/"')
_TIME: Final = re.compile(rb'"PT(?:([0-9]{1,2})H)?(?:([0-9]{1,2})M)?(?:([0-9]{1,2})(\.[0-9]+)?S)?"')
# Without a zone, as text has none before it is said.
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001


class Shape:
    """What becomes of the records of one entity set, of which `fields` are asked for; None: all.

    Left out are annotations (`@odata.etag`, `__metadata`) and entities that a record only leads to. Numbers that
    are written as text become numbers with the same digits. Of version 2, `/Date(ms)/` becomes ISO 8601 (a day
    where $metadata says that it is one; with Z only for Edm.DateTimeOffset, since Edm.DateTime has no zone) and
    PT9H5M the time 09:05:00. What is none of that stays as it is.
    """

    def __init__(self, metadata: Metadata, entity_set: EntitySet, fields: Iterable[str] | None) -> None:
        self._complex = metadata.complex_types
        self._wanted = None if fields is None else frozenset(fields)
        self._left_out = frozenset(entity_set.navigation)
        self._is_v2 = metadata.version == "V2"
        self._changes = self._changes_of(entity_set.properties)
        # By the name of a member, as it is met: what stands before its value and what becomes of that.
        self._known: dict[str, _Member | None] = {}

    def record(self, text: str) -> str:
        """The JSON text of the record. Raises msgspec.DecodeError where it is no object."""
        known, parts = self._known, list[bytes]()
        for name, value in _MEMBERS.decode(text).items():
            if name not in known:
                known[name] = self._member(name)
            if (member := known[name]) is not None:
                start, change = member
                parts.append(start + (value if change is None else change(bytes(value))))
        return (b"{" + b",".join(parts) + b"}").decode()

    def _member(self, name: str) -> _Member | None:
        """How the member is written; None: not at all."""
        is_shown = self._is_shown(name) if self._wanted is None else name in self._wanted
        return (_name(name), self._changes.get(name)) if is_shown else None

    def _is_shown(self, name: str) -> bool:
        return name not in self._left_out and "@" not in name and not name.startswith("__")

    def _changes_of(self, properties: Iterable[Property]) -> dict[str, Change]:
        return {each.name: change for each in properties if (change := self._change(each)) is not None}

    def _change(self, known: Property) -> Change | None:
        one = self._change_of_one(known)
        if known.is_collection:
            return partial(_each, one or _same)
        return one

    def _change_of_one(self, known: Property) -> Change | None:
        if known.type_name in self._complex:
            return partial(self._nested, known.type_name)
        if known.type_name in _AS_TEXT:
            return _number
        if not self._is_v2:
            return None
        if known.type_name in {"Edm.DateTime", "Edm.DateTimeOffset"}:
            return partial(_instant, "day" if known.is_day else "Z" if known.type_name.endswith("Offset") else "")
        return _time if known.type_name == "Edm.Time" else None

    def _nested(self, type_name: str, text: bytes) -> bytes:
        if text[:1] != b"{":
            return text
        # Made when it is met: complex types may hold themselves.
        changes = self._changes_of(self._complex[type_name])
        parts = [
            _name(name) + changes.get(name, _same)(bytes(value))
            for name, value in _MEMBERS.decode(text).items()
            if self._is_shown(name)
        ]
        return b"{" + b",".join(parts) + b"}"


def _name(name: str) -> bytes:
    return json.dumps(name).encode() + b":"


def _same(text: bytes) -> bytes:
    return text


def _each(change: Change, text: bytes) -> bytes:
    """Every element of a collection; version 2 may put it below `results`."""
    if text[:1] == b"{":
        text = bytes(_MEMBERS.decode(text).get("results", msgspec.Raw(b"null")))
    if text[:1] != b"[":
        return text
    return b"[" + b",".join(change(bytes(each)) for each in _ELEMENTS.decode(text)) + b"]"


def _number(text: bytes) -> bytes:
    found = _NUMBER.fullmatch(text)
    return found[1] if found else text


def _instant(form: str, text: bytes) -> bytes:
    found = _DATE.fullmatch(text)
    if found is None:
        return text
    try:
        at = _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return text
    if form == "day":
        return b'"%s"' % at.date().isoformat().encode()
    spec = "milliseconds" if at.microsecond else "seconds"
    return f'"{at.isoformat(timespec=spec)}{form}"'.encode()


def _time(text: bytes) -> bytes:
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    hours, minutes, seconds = (int(part or 0) for part in found.group(1, 2, 3))
    return f'"{hours:02d}:{minutes:02d}:{seconds:02d}{(found[4] or b"").decode()}"'.encode()
