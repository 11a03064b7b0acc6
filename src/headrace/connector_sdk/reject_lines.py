"""A line of a file of rejected records."""

from __future__ import annotations

import json
from typing import Any

import msgspec


class RejectLine(msgspec.Struct, rename="camel", omit_defaults=True):
    """See docs/rejects.md. `record` and `source` are JSON as it was written, each digit of it."""

    record: msgspec.Raw
    source: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: str = ""
    task: int | None = None
    file: str | None = None
    record_number: int | None = None
    line: int | None = None
    header: tuple[str, ...] | None = None
    is_complete: bool = True

    @property
    def origin(self) -> msgspec.Raw:
        """The record as its source had it: tasks have not been applied."""
        return self.source if isinstance(self.source, msgspec.Raw) else self.record

    @property
    def is_refused(self) -> bool:
        """Whether the destination did it: `record` is what it was sent."""
        return isinstance(self.source, msgspec.Raw)

    @property
    def text(self) -> str | None:
        """The line that could not be read; None: the record is an object."""
        raw = bytes(self.origin)
        return str(json.loads(raw)) if raw.startswith(b'"') else None


_decoder = msgspec.json.Decoder(RejectLine)


def reject_line(line: bytes) -> RejectLine | None:
    """What the line says; None: it is none of a file of rejects."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None


def as_json(reject: RejectLine) -> bytes:
    """The line, without its end."""
    return msgspec.json.encode(reject)


def of_unreadable(file: str, reason: str) -> bytes:
    """The line, without its end, of a whole file that can't be read: no record of it is known."""
    return as_json(RejectLine(msgspec.Raw(b'""'), error=reason, file=file, is_complete=False))


def shown(raw: msgspec.Raw, most_characters: int) -> str:
    """The beginning of a record's text."""
    text = bytes(raw).decode("utf-8", "replace")
    return text if len(text) <= most_characters else f"{text[:most_characters]}…"


def document(reject: RejectLine) -> dict[str, Any]:
    """What the line says but for the records: as JSON has it."""
    places = {"file": reject.file, "line": reject.line, "recordNumber": reject.record_number}
    return {name: value for name, value in places.items() if value is not None}
