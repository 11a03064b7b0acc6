"""Records that could not be written: each kept with its text, its reason and where it stood."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from headrace.engine.alike import as_one, runs
from headrace.engine.compile import MALFORMED, Branch, Compiled, with_lets
from headrace.engine.lines import RecordLines, Start, line_count, lines_of_offsets, may_have_blank_lines
from headrace.engine.malformed import LINE_BYTES
from headrace.engine.sources import CsvFile, JsonFile, SourceView

_BATCH = 1000


@dataclass(frozen=True)
class Reject:
    """One rejected record.

    `record` is its text: the record as a JSON object where `is_object`, else the line as it stands
    in the file. `task` is the index of the task that could not be done, None for a malformed line;
    `number` is the record's place in its file and `line` the file's line, both from 1, None where
    unknown. `header` names the fields of a line of CSV that could not be read. `is_complete` is false where the text
    is not all that stood in the file: it was cut, or bytes of it are no UTF-8.
    """

    record: str
    error: str
    file: str
    task: int | None = None
    number: int | None = None
    line: int | None = None
    is_object: bool = False
    header: tuple[str, ...] | None = None
    is_complete: bool = True

    def to_json(self) -> str:
        """As a line of the error file (decisions 12)."""
        places = {"task": self.task, "file": self.file, "recordNumber": self.number, "line": self.line}
        places |= {"header": self.header, "isComplete": None if self.is_complete else False}
        found = {name: value for name, value in places.items() if value is not None}
        rest = json.dumps({"error": self.error, **found}, ensure_ascii=False)
        # An object goes in as it is: numbers keep their digits, and any depth is fine.
        record = self.record if self.is_object else json.dumps(self.record, ensure_ascii=False)
        return f'{{"record": {record}, {rest[1:]}'


@dataclass(frozen=True)
class Malformed:
    """A line that DuckDB could not read: `number` counts records and blank lines (a header is record 0)."""

    number: int
    offset: int
    text: str
    error: str
    is_text: bool
    is_cut: bool = False

    @property
    def end(self) -> int | None:
        """The byte after it, None where its text was cut."""
        return None if self.is_cut else self.offset + len(self.text.encode())


def rejects_of(
    con: duckdb.DuckDBPyConnection, views: Sequence[SourceView], compiled: Compiled, rejected: int, read: int
) -> Iterator[Reject]:
    """The rejected records of the files just read: of each file malformed lines first, then others.

    `rejected` is how many of them could be read, `read` how many records the files have altogether.
    """
    left = rejected
    unread: list[Reject] = []
    with_malformed = _paths(con, "malformed")
    with_rejected = _paths_of_rejected(con, views, compiled) if rejected else set[str]()
    for view in views:
        if view.path not in with_malformed | with_rejected:
            continue
        malformed = malformed_of(con, view, "malformed")
        has_rejected = view.path in with_rejected
        if has_rejected:
            _find_rejected(con, view, compiled)
        # Finding them reads every column: bytes of a column that no task reads may be no UTF-8.
        known = {line.number for line in malformed}
        skipped = malformed_of(con, view, "skipped") if has_rejected else []
        also = [line for line in skipped if line.number not in known]
        places = _Places(view, [*malformed, *also], records=read if len(views) == 1 else None)
        yield from (_of_line(view, line, places) for line in malformed)
        unread += [_of_line(view, line, places) for line in also]
        for reject in _value_rejects(con, view, compiled, places) if has_rejected else ():
            left -= 1
            yield reject
    yield from unread[:left]


def _of_line(view: SourceView, line: Malformed, places: _Places) -> Reject:
    header = tuple(field.name for field in view.fields) if isinstance(view, CsvFile) else None
    place = places.of_offset(line)
    is_complete = line.is_text and line.end is not None
    number = places.number_of(line)
    return Reject(line.text, line.error, view.file.name, None, number, place, header=header, is_complete=is_complete)


def malformed_count(con: duckdb.DuckDBPyConnection) -> int:
    """How many lines of the files just read were malformed."""
    try:
        row = con.execute("SELECT count(DISTINCT (scan_id, file_id, line)) FROM malformed_lines").fetchone()
    except duckdb.CatalogException:
        # None of the files was read in a way that keeps them.
        return 0
    return int(row[0]) if row else 0


def _has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [name]).fetchone()
    return bool(found and found[0])


def malformed_of(con: duckdb.DuckDBPyConnection, view: SourceView, what: str) -> list[Malformed]:
    """One entry a line: a short line has one for each field it lacks."""
    if not _has_table(con, f"{what}_lines"):
        return []
    found = con.execute(
        "SELECT line, min(line_byte_position), min_by(csv_line, coalesce(column_idx, 0)),"
        " min_by(error_message, coalesce(column_idx, 0)), bool_and(error_type <> 'INVALID ENCODING')"
        f" FROM {what}_lines JOIN {what}_scans USING (scan_id, file_id) WHERE file_path = ?"
        " GROUP BY scan_id, file_id, line ORDER BY line",
        [view.path],
    ).fetchall()
    header = 1 if isinstance(view, CsvFile) else 0
    return [
        _malformed(int(line) - header, int(offset or 0), str(text or ""), str(error).partition("\n")[0], bool(is_text))
        for line, offset, text, error, is_text in found
    ]


def _malformed(number: int, offset: int, found: str, error: str, is_text: bool) -> Malformed:  # noqa: FBT001 (a column)
    # DuckDB begins it with the LF of the line before that ends in CR LF, and with blank lines.
    text = found.lstrip("\r\n")
    is_cut = len(found.encode()) >= LINE_BYTES
    return Malformed(number, offset + len(found) - len(text), text, error, is_text, is_cut)


def _paths(con: duckdb.DuckDBPyConnection, what: str) -> set[str]:
    """Of the files that have malformed lines."""
    if not _has_table(con, f"{what}_lines"):
        return set()
    found = con.execute(
        f"SELECT DISTINCT file_path FROM {what}_lines JOIN {what}_scans USING (scan_id, file_id)"
    ).fetchall()
    return {str(path) for (path,) in found}


def _paths_of_rejected(con: duckdb.DuckDBPyConnection, views: Sequence[SourceView], compiled: Compiled) -> set[str]:
    """Of the files in which finding what is rejected finds anything: those that are alike are read together."""
    found: set[str] = set()
    for group in runs(views):
        if len(group) == 1:
            found.add(group[0].path)
            continue
        relation = as_one(group, tells_file=True).numbered(compiled.fields).relation
        which = _which((*compiled.branches, *compiled.late_branches))
        rows = con.execute(f"SELECT DISTINCT file FROM ({with_lets(relation, compiled)}) WHERE {which} IS NOT NULL")
        found |= {group[int(file)].path for (file,) in rows.fetchall()}
    found |= _paths(con, "skipped")
    for name in ("skipped_lines", "skipped_scans"):
        con.execute(f"DROP TABLE IF EXISTS {name}")
    return found


def _find_rejected(con: duckdb.DuckDBPyConnection, view: SourceView, compiled: Compiled) -> None:
    """Put what is rejected of a file into the table `rejected`, in the order of the file."""
    numbered = view.numbered(compiled.fields)
    branches = (*compiled.branches, *compiled.late_branches)
    # Told in a column of its own: each reason asks for it, and as an expression it would be there once for each.
    told = f"SELECT *, {_which(branches)} AS which FROM ({with_lets(numbered.relation, compiled)})"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE rejected AS"
        f" SELECT n, which, {_reason(branches)} AS reason, {numbered.raw} AS raw"
        f" FROM ({told}) WHERE which IS NOT NULL"
    )


def _value_rejects(
    con: duckdb.DuckDBPyConnection, view: SourceView, compiled: Compiled, places: _Places
) -> Iterator[Reject]:
    branches = (*compiled.branches, *compiled.late_branches)
    con.execute("SELECT n, which, reason, raw FROM rejected ORDER BY n")
    while found := con.fetchmany(_BATCH):
        for n, place, reason, raw in found:
            index = branches[int(place)].index
            task = None if index < 0 else index
            number = places.record_of(int(n))
            line = places.of_record(number)
            is_object = branches[int(place)] is not MALFORMED
            yield Reject(raw, reason, view.file.name, task, number, line, is_object)


def _which(branches: Sequence[Branch]) -> str:
    """The place of the branch that rejects the record; NULL where none does."""
    cases = [
        f"WHEN {branch.condition} THEN {place if branch.fate == 'reject' else 'NULL'}"
        for place, branch in enumerate(branches)
    ]
    return f"CASE {' '.join(cases)} END"


def _reason(branches: Sequence[Branch]) -> str:
    cases = [f"WHEN {place} THEN {branch.reason}" for place, branch in enumerate(branches) if branch.fate == "reject"]
    return f"CASE which {' '.join(cases)} END"


class _Places:
    """Where the records of one file stand, asked in ascending order; `records` None: nobody counted them."""

    def __init__(self, view: SourceView, malformed: Sequence[Malformed], *, records: int | None) -> None:
        self._is_csv = isinstance(view, CsvFile)
        # As many lines as records and a header: each has one, and the walk over the file can be spared.
        self._is_line_each = self._is_csv and records is not None and line_count(Path(view.path)) == records + 1
        self._is_json = isinstance(view, JsonFile)
        path, starts = Path(view.path), {line.offset: Start(line.number, line.end) for line in malformed}
        is_walked = self._is_csv and not self._is_line_each
        self._offsets = lines_of_offsets(path, sorted(starts)) if is_walked else {}
        lines = partial(RecordLines, path, starts, skips_blank=len(view.fields) > 1)
        self._lines = lines()
        counts_blank = is_walked and starts and may_have_blank_lines(path)
        self._malformed = lines().malformed() if counts_blank else {}
        numbers = sorted(map(self.number_of, malformed))
        # How many records come before each malformed one that are not malformed, and one more.
        self._before = [number - place for place, number in enumerate(numbers)]

    def number_of(self, line: Malformed) -> int:
        """The number of a malformed record, which blank lines are not."""
        return self._malformed.get(line.offset, line.number)

    def of_offset(self, line: Malformed) -> int:
        """The line on which a malformed record begins."""
        if self._is_line_each:
            return line.number + 1
        return self._offsets[line.offset] if self._is_csv else line.number

    def record_of(self, n: int) -> int:
        """The record's number with malformed ones counted, from its number without them."""
        return n + bisect_right(self._before, n)

    def of_record(self, number: int) -> int | None:
        """The line on which the record begins; None in Parquet, which has no lines."""
        if self._is_line_each:
            return number + 1
        if self._is_csv:
            return self._lines.line_of(number)
        return number if self._is_json else None
