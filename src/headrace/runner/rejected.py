"""Rejected records as the source of an execution: each as it first came, and known by where it stood then."""

from __future__ import annotations

import csv
import io
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from headrace.connector_sdk.contract import LocalFile
from headrace.connector_sdk.kept_rejects import Kept
from headrace.connector_sdk.reject_lines import RejectLine, as_json, reject_line
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.engine.formats import InputFormat
from headrace.engine.lines import is_one_line
from headrace.engine.results import Counts, SplitResult, StagedFile
from headrace.engine.tasks import READING
from headrace.errors import Stop
from headrace.runner.sources import SplitWork
from headrace.store.executions import Execution

# So much becomes one file, and by default one file of the output.
PILE_BYTES = 64 * 1024 * 1024
_FLUSH_BYTES = 1024 * 1024
# Of each record of a pile: its number and line in its file, 0 where unknown, and which file that was.
_ORIGIN = struct.Struct("<qqi")


def retry_of(execution: Execution) -> str | None:
    """The execution whose rejected records this one runs again; None: it reads the flow's source."""
    found = (execution.overrides or {}).get("retryOf")
    return None if found is None else str(found)


@dataclass
class _Pile:
    """Records of one format in one file of this machine, and beside it where each of them stood."""

    name: str
    path: Path
    format: Literal["csv", "json"]
    size_bytes: int = 0
    _records: bytearray = field(default_factory=bytearray)
    _origins: bytearray = field(default_factory=bytearray)

    def add(self, text: bytes, origin: bytes) -> None:
        self._records += text
        self._origins += origin
        self.size_bytes += len(text)
        if len(self._records) > _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        for path, buffer in ((self.path, self._records), (self._origins_path, self._origins)):
            with path.open("ab") as stream:
                stream.write(buffer)
            buffer.clear()

    def origin(self, number: int) -> tuple[int, int, int] | None:
        """Of the record of that number, from 1."""
        with self._origins_path.open("rb") as stream:
            stream.seek((number - 1) * _ORIGIN.size)
            raw = stream.read(_ORIGIN.size)
        return _ORIGIN.unpack(raw) if len(raw) == _ORIGIN.size else None

    @property
    def _origins_path(self) -> Path:
        return self.path.with_suffix(".origins")


class Rejected:
    """What the execution `of` rejected; see SplitSource.

    A line that could not be read is read once more, in the format that the flow has now; one that was kept in part, or
    is of no use in that format, is rejected again for its first reason.
    """

    bookmark = None

    def __init__(self, place: RejectsPlace, kept: Kept, of: str, format_: InputFormat | None) -> None:
        self._place = place
        self._kept = kept
        self._of = of
        self._format = format_
        self._piles: dict[str, _Pile] = {}
        self._files: dict[str, int] = {}
        self._names: list[str] = []
        self._again: list[bytes] = []
        self._counted: Counter[int] = Counter()

    def works(self) -> list[SplitWork]:
        """See SplitSource: the one there is."""
        return [SplitWork(0, (), None)]

    def local(self, work: SplitWork, scratch: Path) -> Iterator[LocalFile]:  # noqa: ARG002 (there is but one)
        """See SplitSource."""
        scratch.mkdir(parents=True, exist_ok=True)
        self._piles, self._files, self._names, self._again, self._counted = {}, {}, [], [], Counter()
        piles: dict[object, _Pile] = {}
        for number, (line, _) in enumerate(self._place.lines(self._kept), start=1):
            reject = reject_line(line)
            if reject is None:
                raise Stop(f"What lies at {self._kept} is no JSON Lines of rejected records: it was changed")
            self._sort(reject, number, piles, scratch)
        for pile in self._piles.values():
            pile.flush()
            yield LocalFile(pile.name, pile.path, pile.size_bytes, is_copy=True, format=pile.format)

    def finished(self, result: SplitResult, rejects: Path) -> SplitResult:
        """The result with what was rejected unread, each reject known by where it first stood."""
        for staged in result.rejects:
            _rewrite(Path(staged.path), self._traced)
        traced = [replace(staged, size_bytes=Path(staged.path).stat().st_size) for staged in result.rejects]
        if not self._again:
            return replace(result, rejects=tuple(traced))
        path = rejects / "again.json"
        path.write_bytes(b"".join(line + b"\n" for line in self._again))
        again = Counts(records_read=len(self._again), rejected=self._counted)
        traced.append(StagedFile(str(path), path.name, path.stat().st_size))
        return replace(result, counts=result.counts.add(again), rejects=tuple(traced))

    # --- reading ----------------------------------------------------------------------------

    def _sort(self, reject: RejectLine, number: int, piles: dict[object, _Pile], scratch: Path) -> None:
        text = reject.text
        origin = self._origin(reject, number)
        if text is None:
            self._pile("json", "json", piles, scratch).add(bytes(reject.origin) + b"\n", origin)
        elif reject.is_complete and self._format == "json" and _is_line(text):
            self._pile("json", "json", piles, scratch).add(_bytes(text), origin)
        elif reject.is_complete and self._format == "csv" and reject.header is not None:
            # Behind a quote that stays open, the next line would be a part of this one.
            key = reject.header if is_one_line(text) else number
            pile = self._pile(key, "csv", piles, scratch, header=reject.header)
            pile.add(_bytes(text), origin)
        else:
            self._again.append(as_json(reject))
            self._counted[READING if reject.task is None else reject.task] += 1

    def _pile(
        self,
        key: object,
        format_: Literal["csv", "json"],
        piles: dict[object, _Pile],
        scratch: Path,
        header: tuple[str, ...] = (),
    ) -> _Pile:
        pile = piles.get(key)
        if pile is None or pile.size_bytes > PILE_BYTES:
            name = f"rejects of {self._of}, part {len(self._piles) + 1}"
            pile = _Pile(name, scratch / f"{len(self._piles):05d}.{format_}", format_)
            pile.add(_header(header), b"")
            piles[key] = self._piles[name] = pile
        return pile

    def _origin(self, reject: RejectLine, number: int) -> bytes:
        file = f"rejects of {self._of}" if reject.file is None else reject.file
        place = self._files.setdefault(file, len(self._files))
        if place == len(self._names):
            self._names.append(file)
        known = number if reject.file is None else reject.record_number or 0
        return _ORIGIN.pack(known, reject.line or 0, place)

    # --- telling ----------------------------------------------------------------------------

    def _traced(self, reject: RejectLine) -> RejectLine:
        pile = None if reject.file is None else self._piles.get(reject.file)
        origin = None if pile is None or reject.record_number is None else pile.origin(reject.record_number)
        if origin is None:
            return reject
        number, line, place = origin
        reject.file, reject.record_number, reject.line = self._names[place], number or None, line or None
        return reject


def _rewrite(path: Path, change: Callable[[RejectLine], RejectLine]) -> None:
    changed = path.with_suffix(".traced")
    with path.open("rb") as source, changed.open("wb") as target:
        for line in source:
            reject = reject_line(line)
            target.write(line if reject is None else as_json(change(reject)) + b"\n")
    changed.replace(path)


def _is_line(text: str) -> bool:
    return not any(end in text.rstrip("\r\n") for end in "\r\n")


def _bytes(text: str) -> bytes:
    # Of a line whose quotes stay open, the end is a part.
    return (text if text.endswith("\n") else f"{text}\n").encode(errors="backslashreplace")


def _header(names: tuple[str, ...]) -> bytes:
    if not names:
        return b""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(names)
    return text.getvalue().encode()
