"""Small files, which are alike, as one file: DuckDB takes longer to open each than to read it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

from headrace.engine.lines import UNPACKING_ERRORS, open_plain, plain
from headrace.engine.sources import CsvFile, JsonFile, SourceView

# The copy lies on the disk beside what it is made of.
MOST_BYTES = 512 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# What an object begins with that has a member.
_OBJECT = b'{"'
_BEGIN: Callable[[bytes], bytes] = itemgetter(slice(len(_OBJECT)))
_MEMBERS: Callable[[bytes], bytes] = itemgetter(slice(1, None))
# So many bytes hold the first lines of most files.
_HEAD_BYTES = 64 * 1024
# And so many the first lines that one file alone is looked at for.
_BEGINNING_BYTES = 1024 * 1024


def joined(views: Sequence[SourceView], scratch: Path, *, tells_file: bool = False) -> CsvFile | JsonFile | None:
    """A copy of the files, one behind the other, as one; None where they have to be read as files.

    `tells_file`: see SourceView; it becomes the last cell of each line, or the first member of each object. Where a
    record of the copy turns out to be bad, the files are to be read instead: of which one it is, and on which line, is
    not known here.
    """
    first = views[0]
    if len(views) > 1 and isinstance(first, CsvFile) and _can_be_joined(first):
        return _joined_csv(first, views, scratch, tells_file=tells_file)
    if len(views) > 1 and isinstance(first, JsonFile) and _are_plain_lines(first):
        contents = (_objects(Path(view.path), None) for view in views)
        return _joined_json(first, contents, scratch, tells_file=tells_file)
    return None


def heads(views: Sequence[JsonFile], scratch: Path, most: int) -> JsonFile | None:
    """The first objects of each file, `most` of each, as one file that tells of which each is; None as in `joined`."""
    return _joined_json(views[0], (_objects(Path(view.path), most) for view in views), scratch, tells_file=True)


def beginning(view: JsonFile, scratch: Path, most: int) -> JsonFile | None:
    """The first lines of a file, `most` of them or as many as are in its first MiB, as a file of their own.

    None where they are to be read from the file itself. DuckDB reads 2,048 lines of that, however few are asked for.
    """
    content = None if view.is_coming else _objects(Path(view.path), most, _BEGINNING_BYTES)
    path = scratch / f"beginning-{uuid.uuid4().hex}"
    if content is None or not content.startswith(b"\n{") or not _is_written(path, b"", [content]):
        return None
    return replace(view, path=str(path), compression="none")


def _joined_csv(first: CsvFile, views: Sequence[SourceView], scratch: Path, *, tells_file: bool) -> CsvFile | None:
    end = (first.line_end or "").encode()
    # A header that is skipped: without one DuckDB would take the first three bytes of a record for a BOM.
    header = b"," * (len(first.fields) - (not tells_file)) + end
    path = scratch / f"joined-{uuid.uuid4().hex}"
    lines = (_lines(Path(view.path), end, place if tells_file else None) for place, view in enumerate(views))
    if not _is_written(path, header, lines):
        return None
    return replace(first, path=str(path), compression="none", is_joined=True, tells_file=tells_file)


def _joined_json(
    first: JsonFile, contents: Iterable[bytes | None], scratch: Path, *, tells_file: bool
) -> JsonFile | None:
    # A name that no object has: two members of one name are none.
    name = uuid.uuid4().hex
    path = scratch / f"joined-{name}"
    if tells_file:
        contents = (_numbered(content, name, place) for place, content in enumerate(contents))
    if not _is_written(path, b"", contents):
        return None
    number = name if tells_file else None
    return replace(first, path=str(path), compression="none", others=(), tells_file=tells_file, number=number)


def _is_written(path: Path, head: bytes, contents: Iterable[bytes | None]) -> bool:
    """Whether all of it was written: there is nothing that has to be read as a file, and not too much."""
    left = MOST_BYTES
    with path.open("wb") as stream:
        stream.write(head)
        for content in contents:
            if content is None or left < len(content):
                return False
            left -= stream.write(content)
    return True


def _can_be_joined(view: CsvFile) -> bool:
    if view.line_end not in {"\n", "\r\n"} or view.blank_lines or view.most is not None or view.tells_source:
        return False
    return not view.is_copy and not any(set(field.name) & set("\r\n") for field in view.fields)


def _are_plain_lines(view: JsonFile) -> bool:
    return not (view.is_lenient or view.tells_presence or view.tells_source) and view.most is None


def _lines(path: Path, end: bytes, number: int | None) -> bytes:
    """The file without its header, each record with the number."""
    _, _, lines = plain(path.read_bytes()).removeprefix(_BOM).partition(end)
    if lines and not lines.endswith(end):
        lines += end
    if number is None:
        return lines
    numbered = b",%d%b" % (number, end)
    # A line end within quotes ends no record.
    parts = lines.split(b'"')
    if end not in b'"'.join(parts[1::2]):
        return lines.replace(end, numbered)
    parts[::2] = [part.replace(end, numbered) for part in parts[::2]]
    return b'"'.join(parts)


def _objects(path: Path, most: int | None, most_bytes: int = _HEAD_BYTES) -> bytes | None:
    """The lines of a file of JSON, at most `most`, each behind a line end; None where it can't be read, or so far."""
    try:
        if most is None:
            content = plain(path.read_bytes()).removesuffix(b"\n")
            return b"\n" + content if content else b""
        with closing(open_plain(path)) as stream:
            content = stream.read(most_bytes)
    except UNPACKING_ERRORS:
        return None
    lines = content.split(b"\n", most)[:most]
    if len(content) == most_bytes and sum(map(len, lines)) + len(lines) > most_bytes:
        # The last of them goes on.
        lines.pop()
    found = b"\n".join(lines).removesuffix(b"\n")
    return b"\n" + found if found or not content else None


def _numbered(content: bytes | None, name: str, number: int) -> bytes | None:
    """The lines with the number as member of that name; None where one is no object with a member."""
    if content is None or not content.strip():
        return content
    lines = content.split(b"\n")[1:]
    if set(map(_BEGIN, lines)) != {_OBJECT}:
        return None
    begin = b'\n{"%b":%d,' % (name.encode(), number)
    return begin + begin.join(map(_MEMBERS, lines))
