"""Small CSV files, which are alike, as one file: DuckDB takes longer to open each than to read it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from headrace.engine.lines import open_plain
from headrace.engine.sources import CsvFile, SourceView

# The copy lies on the disk beside what it is made of.
MOST_BYTES = 512 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'"[^"]*+"')


def joined(views: Sequence[SourceView], scratch: Path, *, tells_file: bool = False) -> CsvFile | None:
    """A copy of the files, one behind the other, as one; None where they have to be read as files.

    `tells_file`: see SourceView; it becomes the last cell of each line. Where a record of the copy turns out to be bad,
    the files are to be read instead: of which one it is, and on which line, is not known here.
    """
    first = views[0]
    if len(views) < 2 or not isinstance(first, CsvFile) or not _can_be_joined(first):
        return None
    path, left = scratch / f"joined-{uuid.uuid4().hex}", MOST_BYTES
    end = (first.line_end or "").encode()
    with path.open("wb") as stream:
        # A header that is skipped: without one DuckDB would take the first three bytes of a record for a BOM.
        stream.write(b"," * (len(first.fields) - (not tells_file)) + end)
        for number, view in enumerate(views):
            lines = _lines(Path(view.path), end, number if tells_file else None)
            if lines is None or left < len(lines):
                return None
            left -= stream.write(lines)
    return replace(first, path=str(path), compression="none", is_joined=True, tells_file=tells_file)


def _can_be_joined(view: CsvFile) -> bool:
    if view.line_end not in {"\n", "\r\n"} or view.blank_lines or view.most is not None or view.tells_source:
        return False
    return not view.is_copy and not any(set(field.name) & set("\r\n") for field in view.fields)


def _lines(path: Path, end: bytes, number: int | None) -> bytes | None:
    """The file without its header, each line with the number; None where lines and records are not the same."""
    with closing(open_plain(path)) as stream:
        _, _, lines = stream.read().removeprefix(_BOM).partition(end)
    if lines and not lines.endswith(end):
        lines += end
    if number is None:
        return lines
    if b'"' in lines and any(end in text for text in _QUOTED.findall(lines)):
        return None
    return lines.replace(end, b",%d%b" % (number, end))
