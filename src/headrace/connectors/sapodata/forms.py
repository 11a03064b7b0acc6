"""Records and keys as a service wants them written: the inverse of shapes.

Source: OData 2.0, JSON Format §4 and the primitive types of its Overview; OData JSON Format 4.0 §7.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import msgspec

from headrace.connectors.sapodata.edmx import EntitySet, Metadata, Property, Version

Change = Callable[[bytes], bytes]

_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NUMBER: Final = re.compile(rb'"?(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"?')
_NUMBERS: Final = frozenset(
    f"Edm.{name}" for name in ("Byte", "SByte", "Int16", "Int32", "Int64", "Decimal", "Double", "Single")
)
# Version 2 has these as text.
_QUOTED: Final = frozenset({"Edm.Int64", "Edm.Decimal", "Edm.Double", "Edm.Single"})
_INSTANTS: Final = frozenset({"Edm.DateTime", "Edm.DateTimeOffset"})
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?")
_SUFFIXES: Final[Mapping[str, str]] = {"Edm.Int64": "L", "Edm.Decimal": "M", "Edm.Double": "d", "Edm.Single": "f"}
_PREFIXES: Final[Mapping[str, str]] = {
    "Edm.Guid": "guid",
    "Edm.DateTime": "datetime",
    "Edm.DateTimeOffset": "datetimeoffset",
    "Edm.Time": "time",
}


class Form:
    """How records of an entity set are written.

    Values are turned into what their property's type wants, as far as they say it otherwise: "12" into 12, 12 into
    "12", ISO 8601 into version 2's `/Date(ms)/`. Everything else goes as it is: the service says what is wrong.
    """

    def __init__(self, metadata: Metadata, entity_set: EntitySet) -> None:
        self._version: Version = metadata.version
        self._set = entity_set
        self._types = {each.name: each for each in entity_set.properties}

    def body(self, record: str, left_out: Sequence[str] = ()) -> bytes:
        """The record's JSON without the members left out. Members that are null in a key are left out too."""
        keys = {each.name for each in self._set.keys}
        parts = [
            json.dumps(name).encode() + b":" + self._value(name, bytes(value))
            for name, value in _MEMBERS.decode(record).items()
            if name not in left_out and not (name in keys and bytes(value) == b"null")
        ]
        return b"{" + b",".join(parts) + b"}"

    def key(self, record: str) -> str | None:
        """The record's key as a URL has it, encoded; None: one of its values is missing."""
        members = _MEMBERS.decode(record)
        literals: list[tuple[str, str]] = []
        for known in self._set.keys:
            value = bytes(members.get(known.name, b"null"))
            if value == b"null":
                return None
            literals.append((known.name, quote(self._literal(known, value), safe="'()-:,")))
        if len(literals) == 1:
            return f"({literals[0][1]})"
        return f"({','.join(f'{name}={literal}' for name, literal in literals)})"

    def _value(self, name: str, value: bytes) -> bytes:
        known = self._types.get(name)
        if known is None or known.is_collection or value[:1] in {b"{", b"["} or value == b"null":
            return value
        if known.type_name in _NUMBERS:
            return self._number(known, value)
        if known.type_name == "Edm.Boolean":
            return value.strip(b'"').lower() if value.strip(b'"').lower() in {b"true", b"false"} else value
        return self._texted(known, _text(value))

    def _number(self, known: Property, value: bytes) -> bytes:
        found = _NUMBER.fullmatch(value)
        if found is None:
            return value
        return b'"%s"' % found[1] if self._version == "V2" and known.type_name in _QUOTED else found[1]

    def _texted(self, known: Property, text: str) -> bytes:
        if known.type_name in _INSTANTS or known.type_name == "Edm.Date":
            text = self._instant(known, text)
        if known.type_name == "Edm.Time":
            text = _duration(text)
        return json.dumps(text, ensure_ascii=False).encode(errors="surrogatepass")

    def _instant(self, known: Property, text: str) -> str:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if known.type_name == "Edm.Date":
            return f"{at:%Y-%m-%d}"
        if self._version == "V4":
            return text if "T" in text and text[-1] == "Z" else at.isoformat().replace("+00:00", "Z")
        offset = "+0000" if known.type_name == "Edm.DateTimeOffset" else ""
        return f"/Date({round(at.timestamp() * 1000)}{offset})/"

    def _literal(self, known: Property, value: bytes) -> str:
        """The value as keys in URLs have it."""
        text = _text(value)
        if known.type_name in _NUMBERS:
            return text + (_SUFFIXES.get(known.type_name, "") if self._version == "V2" else "")
        if known.type_name == "Edm.String":
            return "'" + text.replace("'", "''") + "'"
        if self._version == "V4":
            return self._instant(known, text) if known.type_name in {"Edm.Date", *_INSTANTS} else text
        prefix = _PREFIXES.get(known.type_name)
        text = _duration(text) if known.type_name == "Edm.Time" else text
        return text if prefix is None else f"{prefix}'{text}'"


def _text(value: bytes) -> str:
    """What a text holds; numbers and truth values as they are written."""
    return msgspec.json.decode(value, type=str) if value[:1] == b'"' else value.decode()


def _duration(text: str) -> str:
    found = _TIME.fullmatch(text)
    return text if found is None else f"PT{found[1]}H{found[2]}M{found[3] or '00'}S"
