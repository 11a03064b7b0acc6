"""Text of the records of several files, cut into a file for each: one COPY of all of them is the quickest."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from headrace.engine.sql import identifier


class Cut(NamedTuple):
    """Where a file's records are in the text, without the line that says so."""

    file: int
    begin: int
    end: int


def marked(columns: Sequence[tuple[str, str]], source: str, mark: str) -> str:
    """A query of the columns (SQL and name) of `source`, a record before each file's first one saying which it is.

    Its first cell is `mark` and the file's number, all others are empty. One thread takes the records in order.
    """
    made = ", ".join(f"{sql} AS o{place}" for place, (sql, _) in enumerate(columns))
    is_first = "file IS DISTINCT FROM lag(file) OVER ()"
    twice = f"unnest(CASE WHEN {is_first} THEN [TRUE, FALSE] ELSE [FALSE] END) AS is_mark"
    cells = [f"CASE WHEN is_mark THEN concat('{mark}', file) ELSE o0::VARCHAR END AS {identifier(columns[0][1])}"]
    cells += [
        f"CASE WHEN NOT is_mark THEN o{place} END AS {identifier(name)}"
        for place, (_, name) in enumerate(columns[1:], start=1)
    ]
    return f"SELECT {', '.join(cells)} FROM (SELECT *, {twice} FROM (SELECT {made}, file FROM {source}))"


def cut(path: Path, mark: str, paths: Sequence[Path]) -> list[Path]:
    """Write each file's records, behind the header if there is one, to the path of its number; those written, in order.

    What stood there is replaced. `path` holds what `marked` gives.
    """
    if not path.stat().st_size:
        return []
    written: list[Path] = []
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        cuts = list(_cuts(text, mark.encode()))
        header = text[: text.find(mark.encode())] if cuts else b""
        for file, begin, end in cuts:
            written.append(paths[file])
            with paths[file].open("wb") as target, memoryview(text) as view, view[begin:end] as part:
                target.write(header)
                target.write(part)
    return written


def _cuts(text: mmap.mmap, mark: bytes) -> Iterator[Cut]:
    place, before = text.find(mark), -1
    while place >= 0:
        begin = text.find(b"\n", place) + 1
        following = text.find(mark, begin)
        file = int(text[place + len(mark) : begin].partition(b",")[0])
        if file <= before:
            raise duckdb.InvalidInputException(f"The records of file {file} are not together")
        yield Cut(file, begin, following if following >= 0 else len(text))
        place, before = following, file
