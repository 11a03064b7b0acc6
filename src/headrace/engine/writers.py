"""Records to files of the destination's format, by DuckDB's own COPY."""

from __future__ import annotations

import csv
import io
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from headrace.engine.compile import Column
from headrace.engine.cutting import cut, marked
from headrace.engine.layout import EXTENSIONS, SOURCE_MARK, Output
from headrace.engine.record_json import record_json, sparse_record_json
from headrace.engine.sql import identifier, literal

_RAW_LINES = "FORMAT csv, QUOTE '', ESCAPE '', DELIMITER ''"
_RAW_FIELDS = f"FORMAT csv, QUOTE '', ESCAPE '', DELIMITER '{SOURCE_MARK}'"
_OPTIONS = {
    "CSV": "FORMAT csv, HEADER true",
    "PARQUET": "FORMAT parquet, COMPRESSION zstd",
}
# DuckDB holds the row groups that its threads fill and those that wait for an earlier one, in a quarter of its memory.
_GROUP_ROWS = 40_960
_GROUP_VALUES = 75 * _GROUP_ROWS
_GROUP_STEP = 2048
_LINE_END = "\r\n"
# So large a file is never begun anew.
_ONE_FILE_BYTES = 2**62
# No field has this name: it is none of a text.
_PART = "\x01\x02\x03\x04"
_SPECIAL = '[",\\n\\r]'
# SQL and the name that it gets.
_Selected = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Written:
    """The files that one COPY has finished, and how many records they hold together."""

    paths: tuple[Path, ...]
    records: int


def write(
    con: duckdb.DuckDBPyConnection, columns: Sequence[Column], source: str, output: Output, target: Path
) -> Written:
    """Write the records of `source` (what follows FROM) as `columns`, to the file `target` + extension.

    With a target size, to as many files as it takes. No records, no file. What stood there is replaced.
    """
    selected, options = _selected(columns, output)
    limit = None if output.is_single_file else output.target_file_bytes
    path = target if limit else target.with_name(f"{target.name}.{EXTENSIONS[output.file_type]}")
    if limit:
        options += f", FILE_SIZE_BYTES {limit}, RETURN_FILES true"
    _remove(path)
    row = con.execute(f"COPY (SELECT {_list(selected)} FROM {source}) TO {literal(str(path))} ({options})").fetchone()
    records = int(row[0]) if row else 0
    if not row or not records:
        _remove(path)
        return Written((), 0)
    return Written(tuple(Path(name) for name in row[1]) if limit else (path,), records)


def write_piece(
    con: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    source: str,
    output: Output,
    folder: Path,
    *,
    is_first: bool,
) -> Written:
    """Write the records of `source`, which one thread takes in order, as text that is a piece of what `write` writes.

    The first piece has the header. Text goes to the file as it comes: DuckDB gathers a whole row group of it only where
    it has to put in order what several threads make.
    """
    selected, options = _selected(columns, output)
    if not is_first:
        options = options.replace("HEADER true", "HEADER false")
    options += f", FILE_SIZE_BYTES {_ONE_FILE_BYTES}, RETURN_FILES true"
    row = con.execute(f"COPY (SELECT {_list(selected)} FROM {source}) TO {literal(str(folder))} ({options})").fetchone()
    return Written(tuple(map(Path, row[1])), int(row[0])) if row else Written((), 0)


def write_each(
    con: duckdb.DuckDBPyConnection, columns: Sequence[Column], source: str, output: Output, targets: Sequence[Path]
) -> Written:
    """Write the records of each file of `source`, whose column `file` tells them apart, to the target of its number.

    By one COPY for all, in the order of the files: planning a query takes longer than running it over a small file.
    """
    selected, options = _selected(columns, output)
    together = targets[0].with_name(f"{targets[0].name}-together")
    paths = [target.with_name(f"{target.name}.{EXTENSIONS[output.file_type]}") for target in targets]
    _remove(together)
    try:
        if output.file_type == "PARQUET":
            return _write_parts(con, selected, source, options, together, paths)
        return _write_cut(con, selected, source, options, together, paths)
    finally:
        _remove(together)


def _write_cut(
    con: duckdb.DuckDBPyConnection,
    selected: _Selected,
    source: str,
    options: str,
    together: Path,
    paths: Sequence[Path],
) -> Written:
    # No text has it.
    mark = f"{uuid.uuid4().hex}-"
    records = _copied(con, marked(selected, source, mark), together, options)
    written = cut(together, mark, paths)
    return Written(tuple(written), records - len(written))


def _write_parts(
    con: duckdb.DuckDBPyConnection,
    selected: _Selected,
    source: str,
    options: str,
    together: Path,
    paths: Sequence[Path],
) -> Written:
    # To have their numbers, one thread takes the records in order: several would mix them, and write several files.
    part = f"CASE WHEN row_number() OVER () > 0 THEN file END AS {identifier(_PART)}"
    query = f"SELECT {_list(selected)}, {part} FROM {source}"
    records = _copied(con, query, together, f"{options}, PARTITION_BY ({identifier(_PART)})")
    parts: dict[int, Path] = {}
    for path in together.glob("*/*"):
        number = int(path.parent.name.rpartition("=")[2])
        if parts.setdefault(number, path) != path:
            raise duckdb.InvalidInputException(f"Several files were written of one: {path}")
    for number, path in parts.items():
        path.rename(paths[number])
    return Written(tuple(paths[number] for number in sorted(parts)), records)


def _copied(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> int:
    row = con.execute(f"COPY ({query}) TO {literal(str(path))} ({options})").fetchone()
    return int(row[0]) if row else 0


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _selected(columns: Sequence[Column], output: Output) -> tuple[_Selected, str]:
    """What is selected, and the options of COPY."""
    if not columns and output.file_type != "JSON":
        # Records without any field: a file of these formats has to have a column.
        columns = (Column("column1", "NULL::VARCHAR"),)
    names = [column.name for column in columns]
    values = [column.sql for column in columns]
    if output.file_type == "JSON":
        made = (_record(columns, names, values), "line")
        if output.keeps_source:
            return [made, ("source", "source")], f"{_RAW_FIELDS}, HEADER false"
        return [made], f"{_RAW_LINES}, HEADER false"
    if output.file_type == "CSV" and _clash(names):
        return [_csv_lines(names, values)], f"{_RAW_LINES}, HEADER true"
    if output.file_type == "PARQUET":
        return _named(columns), f"{_OPTIONS['PARQUET']}, ROW_GROUP_SIZE {_group_rows(len(columns))}"
    return _named(columns), _OPTIONS[output.file_type]


def _list(selected: _Selected) -> str:
    return ", ".join(f"{sql} AS {identifier(name)}" for sql, name in selected)


def _group_rows(columns: int) -> int:
    fitting = _GROUP_VALUES // columns // _GROUP_STEP * _GROUP_STEP
    return max(_GROUP_STEP, min(_GROUP_ROWS, fitting))


def _record(columns: Sequence[Column], names: Sequence[str], values: Sequence[str]) -> str:
    presences = [column.presence for column in columns]
    if any(presence is not None for presence in presences):
        return sparse_record_json(names, values, presences)
    return record_json(names, values)


def _named(columns: Sequence[Column]) -> _Selected:
    """The columns under their own names; an empty one becomes `column<place>`."""
    return [(column.sql, column.name or f"column{place}") for place, column in enumerate(columns, start=1)]


def _clash(names: Sequence[str]) -> bool:
    """Whether DuckDB would rename a column: it tells names apart without case, and has none that is empty."""
    return len({name.casefold() for name in names}) < len(names) or "" in names


def _csv_lines(names: Sequence[str], values: Sequence[str]) -> tuple[str, str]:
    """CSV made in SQL, its header being the name of the one column."""
    header = io.StringIO()
    # The writer quotes what could end a line only if its own lines end so.
    csv.writer(header, lineterminator=_LINE_END).writerow(names)
    cells = ", ".join(
        f"CASE WHEN regexp_matches({value}, {literal(_SPECIAL)}) THEN '\"' || replace({value}, '\"', '\"\"') || '\"'"
        f" ELSE coalesce({value}, '') END"
        for value in values
    )
    return f"concat_ws(',', {cells})", header.getvalue().removesuffix(_LINE_END)
