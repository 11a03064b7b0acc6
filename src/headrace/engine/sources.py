"""Source files as SQL relations, one class a format."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import Compression, UnreadableSource
from headrace.engine.lines import UNPACKING_ERRORS, has_mixed_line_ends, with_one_line_end
from headrace.engine.malformed import COMING_LINE_BYTES, KEEP_MALFORMED, LINE_BYTES, LINES_A_BUFFER, SKIP_MALFORMED
from headrace.engine.one_thread import may_lack, needs_one_thread
from headrace.engine.record_json import record_json
from headrace.engine.sql import identifier, literal
from headrace.engine.values import JSON, TEXT, Field, source_value

# What the readers call the number of a file; a field of that name would hide it.
_NUMBER = "file_index"
# What the reader of Parquet calls the place of a record; a file with a field of that name can't be read with it.
_ROW = "file_row_number"
# A delimiter that no text has; none at all would be NUL, which a damaged file may hold.
_WHOLE_LINES = "delim='\x01\x02\x03\x04', quote='', escape=''"


@dataclass(frozen=True)
class Numbered:
    """A relation with the wanted fields as f0, f1, …, `malformed` and the record's number `n` (from 1).

    `malformed` says why the record is, NULL where it is not. `raw` is the SQL of the whole record
    as text, over the same relation.
    """

    relation: str
    raw: str


class SourceView(Protocol):
    """One source file as SQL."""

    @property
    def file(self) -> LocalFile:
        """The file itself."""
        ...

    @property
    def path(self) -> str:
        """Its path as DuckDB gets it."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the file has; for JSON what was asked for."""
        ...

    @property
    def most(self) -> int | None:
        """How many of its records are given, the first ones; None: all."""
        ...

    def telling_source(self) -> SourceView:
        """The same file with a column more, `source`: each record whole, as JSON on one line."""
        ...

    def lenient(self, scratch: Path) -> SourceView:
        """The same file, read so that bad content fails its record, not the file; slower.

        A copy that this takes is made in the folder `scratch`, which has to last as long as the view.
        """
        ...

    @property
    def others(self) -> tuple[str, ...]:
        """Paths of files that are read with it, as if they were its end."""
        ...

    @property
    def tells_file(self) -> bool:
        """Whether there is a column more, `file`: from which of them a record is, numbered from 0."""
        ...

    def select(self, wanted: Sequence[Field]) -> str:
        """A SELECT of `wanted` as f0, f1, … and `malformed`; a field the file lacks is null."""
        ...

    def numbered(self, wanted: Sequence[Field]) -> Numbered:
        """The same with record numbers, in the order of the file."""
        ...


def _wanted(fields: Sequence[Field], wanted: Sequence[Field], column: str = "c") -> str:
    """The select list that turns a file's columns into the wanted fields."""
    places = {field.name: (place, field.type) for place, field in enumerate(fields)}
    parts: list[str] = []
    for target, field in enumerate(wanted):
        place, type_ = places.get(field.name, (None, field.type))
        sql = f"NULL::{field.type}" if place is None else f"{column}{place}"
        if place is not None and type_ != field.type:
            sql = source_value(sql, type_).text
        parts.append(f"{sql} AS f{target}")
    return ", ".join([*parts, "NULL::VARCHAR AS malformed"])


def _first(relation: str, most: int | None) -> str:
    """The first records of a relation, in the order of its file; None: all."""
    return relation if most is None else f"SELECT * FROM ({relation}) QUALIFY row_number() OVER () <= {most}"


def _whole_record(fields: Sequence[Field]) -> str:
    values = [source_value(f"c{place}", field.type).json for place, field in enumerate(fields)]
    return record_json([field.name for field in fields], values)


def _further(view: CsvFile | ParquetFile) -> str:
    source = f", {_whole_record(view.fields)} AS source" if view.tells_source else ""
    is_joined = isinstance(view, CsvFile) and view.is_joined
    number = f"c{len(view.fields)}::BIGINT" if is_joined else "file_index"
    return f"{source}{f', {number} AS file' if view.tells_file else ''}"


def _paths(view: SourceView) -> str:
    return f"[{', '.join(map(literal, (view.path, *view.others)))}]" if view.others else literal(view.path)


def _threads(view: CsvFile | JsonFile, cells: int | None, *, fails: bool) -> str:
    # Of several plain files each is less than a part. One that comes is looked at once it is there.
    is_packed = view.compression != "none"
    needs_one = not fails if is_packed else needs_one_thread(Path(view.path), LINE_BYTES, cells)
    return " parallel=false," if needs_one else ""


@dataclass(frozen=True)
class CsvFile:
    """CSV with a header: comma, double quotes, doubled inside. Malformed lines go to a table of rejects.

    `line_end`: see `line_end_of`; None also where nobody looked. `is_joined`: a copy of several files, the number of
    each record's file being its last cell where that is told. `is_coming`: lines of an eighth of the usual length alone
    are read, and a malformed one fails the file, as it does a packed one that is not `is_lenient`.
    """

    file: LocalFile
    path: str
    compression: Compression
    fields: tuple[Field, ...]
    blank_lines: int
    line_end: str | None = None
    is_copy: bool = False
    is_joined: bool = False
    is_coming: bool = False
    is_lenient: bool = False
    most: int | None = None
    tells_source: bool = False
    others: tuple[str, ...] = ()
    tells_file: bool = False

    def telling_source(self) -> SourceView:
        """See SourceView."""
        return replace(self, tells_source=True)

    def with_one_line_end(self, scratch: Path) -> CsvFile:
        """A copy whose lines all end in the same way, where they do not; else the file. Raises UnreadableSource."""
        try:
            if self.is_copy or not has_mixed_line_ends(Path(self.path)):
                return self
        except UNPACKING_ERRORS as error:
            raise UnreadableSource(f"{self.file.name} is not whole: {error}", self.file.name) from error
        copy = scratch / f"copy-{uuid.uuid4().hex}"
        with_one_line_end(Path(self.path), copy)
        return replace(self, path=str(copy), compression="none", is_copy=True)

    def lenient(self, scratch: Path) -> SourceView:
        """The file, or a copy `with_one_line_end`; a packed one is read by one thread."""
        view = self.with_one_line_end(scratch)
        return replace(view, is_lenient=view.compression != "none")

    def select(self, wanted: Sequence[Field]) -> str:
        """See SourceView. Malformed lines land in the tables that `drop_malformed` drops."""
        found = f"{_wanted(self.fields, wanted)}{_further(self)}"
        return _first(f"SELECT {found} FROM {self._reader(KEEP_MALFORMED)}", self.most)

    def numbered(self, wanted: Sequence[Field]) -> Numbered:
        """See SourceView; malformed lines have no number."""
        reader = self._reader(SKIP_MALFORMED)
        relation = f"SELECT *, {_wanted(self.fields, wanted)}{_further(self)}, row_number() OVER () AS n FROM {reader}"
        return Numbered(_first(relation, self.most), _whole_record(self.fields))

    def _reader(self, on_error: str) -> str:
        if not self.fields:
            return "(SELECT 1 WHERE FALSE)"
        cells = len(self.fields) + (self.is_joined and self.tells_file)
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(cells))
        line_end = " new_line='\\n'," if self.is_copy else ""
        line_bytes = COMING_LINE_BYTES if self.is_coming else LINE_BYTES
        # Where DuckDB's threads keep malformed lines they lose some that are too long, without a word (`one_thread`).
        # Where they fail at the first one, they fail at those, too.
        fails = self.is_coming or (self.compression != "none" and not self.is_lenient)
        on_error = "store_rejects=false" if fails else on_error
        return (
            f"read_csv({_paths(self)}, auto_detect=false, header=true, skip={self.blank_lines},"
            " delim=',', quote='\"', escape='\"',"
            f" columns={{{columns}}}, compression='{self.compression}', hive_partitioning=false,"
            f" strict_mode=true,{line_end} max_line_size={line_bytes}, buffer_size={LINES_A_BUFFER * line_bytes},"
            f"{_threads(self, cells, fails=fails)} {on_error})"
        )

    def may_have_lost(self) -> bool:
        """Whether of what threads read that fail at a malformed line, and is there now, some may have been lost."""
        cells, is_packed = len(self.fields), self.compression != "none"
        if self.is_coming:
            return may_lack(self.file.path, COMING_LINE_BYTES, cells, is_packed=is_packed)
        files = (self.path, *self.others) if is_packed and not self.is_lenient else ()
        return any(may_lack(Path(path), LINE_BYTES, cells, is_packed=True) for path in files)


@dataclass(frozen=True)
class JsonFile:
    """JSON Lines: an object a line. The quick way fails at the first bad line; the lenient way keeps it.

    `tells_presence`: there is also a column `present` with the names of the members that each object has. `number`:
    the member that has the number of each object's file, in a copy of several. `is_coming`: the quick way is the only
    one.
    """

    file: LocalFile
    path: str
    compression: Compression
    fields: tuple[Field, ...]
    is_lenient: bool = False
    is_coming: bool = False
    tells_presence: bool = False
    most: int | None = None
    tells_source: bool = False
    others: tuple[str, ...] = ()
    tells_file: bool = False
    number: str | None = None

    def telling_source(self) -> SourceView:
        """See SourceView."""
        return replace(self, tells_source=True)

    def lenient(self, scratch: Path) -> SourceView:  # noqa: ARG002 (the protocol's)
        """Line by line, so that a bad one is known by its text and number."""
        return replace(self, is_lenient=True)

    def select(self, wanted: Sequence[Field]) -> str:
        """See SourceView."""
        if self.is_lenient or self.tells_presence or _is_odd([field.name for field in wanted]):
            lines = f"SELECT * FROM ({self._lines(KEEP_MALFORMED)}) WHERE line IS NOT NULL"
            source = f"{', line AS source' if self.tells_source else ''}{', file' if self.tells_file else ''}"
            return _first(f"SELECT {self._extracted(wanted)}{source} FROM ({lines})", self.most)
        read = [*wanted, *([Field(self.number, "BIGINT")] if self.number else [])]
        columns = ", ".join(f"{literal(field.name)}: '{field.type}'" for field in read)
        names = [f"r.{identifier(field.name)} AS f{place}" for place, field in enumerate(wanted)]
        reader = (
            f"read_json({_paths(self)}, format='newline_delimited', records='true', auto_detect=false,"
            f" columns={{{columns}}}, {self._options()}) AS r"
        )
        if self.tells_source:
            # To take each field out of the text of a record takes many times the memory.
            reader += f" POSITIONAL JOIN {self._texts()} AS t"
        names += ["NULL::VARCHAR AS malformed", *(["t.json::VARCHAR AS source"] if self.tells_source else [])]
        names += [f"r.{identifier(self.number or _NUMBER)} AS file"] if self.tells_file else []
        return _first(f"SELECT {', '.join(names)} FROM {reader}", self.most)

    def numbered(self, wanted: Sequence[Field]) -> Numbered:
        """See SourceView; the number is the line's."""
        lines = f"SELECT *, row_number() OVER () AS n FROM ({self._lines(SKIP_MALFORMED)})"
        told = ", file" if self.tells_file else ""
        relation = f"SELECT {self._extracted(wanted)}, line, n{told} FROM ({lines}) WHERE line IS NOT NULL"
        return Numbered(_first(relation, self.most), "line")

    def objects(self) -> str:
        """A relation with the text of each object in `line`; what is none fails it, or is left out where lenient."""
        if self.is_lenient:
            return f"(SELECT line FROM ({self._lines(SKIP_MALFORMED)}) WHERE is_object AND line <> 'null')"
        return f"(SELECT json AS line FROM {self._texts()} WHERE json_type(json) = 'OBJECT')"

    def malformed(self) -> str:
        """A query of the numbers of the files that have a line which is no object; for a view that tells files."""
        lines = self._lines(SKIP_MALFORMED)
        return f"SELECT DISTINCT file FROM ({lines}) WHERE line IS NOT NULL AND NOT is_object"

    def values(self, names: Sequence[str]) -> str:
        """A query of the members as JSON."""
        return replace(self, tells_source=False).select([Field(name, JSON) for name in names])

    def _texts(self) -> str:
        path = literal(self.path)
        return f"read_ndjson_objects({path}, {self._options()})"

    def _options(self) -> str:
        return f"compression='{self.compression}', hive_partitioning=false"

    def _lines(self, on_error: str) -> str:
        """Each line, NULL where it is blank, with its fields as a list of JSON texts where it is an object."""
        reader = (
            f"read_csv({_paths(self)}, auto_detect=false, header=false, {_WHOLE_LINES},"
            f" columns={{'l': 'VARCHAR'}}, compression='{self.compression}', hive_partitioning=false,"
            f" max_line_size={LINE_BYTES}, buffer_size={LINES_A_BUFFER * LINE_BYTES}, strict_mode=false,"
            f"{_threads(self, None, fails=False)} {on_error})"
        )
        is_blank = r"regexp_full_match(l, '\x{FEFF}?[ \t\r]*')"
        line = rf"CASE WHEN NOT {is_blank} THEN regexp_replace(l, '^\x{{FEFF}}', '') END AS line"
        is_object = "CASE WHEN json_valid(line) THEN json_type(line) IN ('OBJECT', 'NULL') ELSE FALSE END AS is_object"
        told, file = (", file", f", {_NUMBER} AS file") if self.tells_file else ("", "")
        return f"SELECT line, {is_object}{told} FROM (SELECT {line}{file} FROM {reader})"

    def _extracted(self, wanted: Sequence[Field]) -> str:
        parts = [f"{self._member(field)} AS f{place}" for place, field in enumerate(wanted)]
        if self.tells_presence:
            parts.append("CASE WHEN is_object THEN json_keys(line) END AS present")
        return ", ".join([*parts, f"CASE {' '.join(self._faults(wanted))} END AS malformed"])

    def _faults(self, wanted: Sequence[Field]) -> Iterator[str]:
        yield f"WHEN NOT is_object THEN {literal('The line is not a JSON object.')}"
        for field in wanted:
            if field.type not in {JSON, TEXT}:
                reason = literal(f"Field {field.name!r} does not fit its type, {field.type}.")
                text = self._member(replace(field, type=TEXT))
                yield f"WHEN {text} IS NOT NULL AND {self._member(field)} IS NULL THEN {reason}"

    def _member(self, field: Field) -> str:
        pointer = literal("/" + field.name.replace("~", "~0").replace("/", "~1"))
        if field.type == JSON:
            found = f"nullif(json_extract(line, {pointer})::VARCHAR, 'null')::JSON"
        else:
            found = f"json_extract_string(line, {pointer})"
        found = f"CASE WHEN is_object THEN {found} END"
        return found if field.type in (JSON, TEXT) else f"TRY_CAST({found} AS {field.type})"


@dataclass(frozen=True)
class ParquetFile:
    """Parquet: typed columns, no malformed records; a broken file is unreadable as a whole.

    `rows`: of which record to before which one it is read, from 0, by one thread in order; None: all.
    """

    file: LocalFile
    path: str
    fields: tuple[Field, ...]
    most: int | None = None
    tells_source: bool = False
    others: tuple[str, ...] = ()
    tells_file: bool = False
    rows: tuple[int, int] | None = None

    @property
    def can_be_cut(self) -> bool:
        """Whether it is one file, read whole, whose records can be numbered by the reader."""
        is_whole = not self.others and not self.tells_file and self.most is None
        names = {field.name.casefold() for field in self.fields}
        return is_whole and bool(names) and _ROW not in names

    def telling_source(self) -> SourceView:
        """See SourceView."""
        return replace(self, tells_source=True)

    def lenient(self, scratch: Path) -> SourceView:  # noqa: ARG002 (the protocol's)
        """There is nothing to be lenient about."""
        return self

    def select(self, wanted: Sequence[Field]) -> str:
        """See SourceView."""
        found = f"SELECT {_wanted(self.fields, wanted)}{_further(self)} FROM {self._numbered()}"
        if self.rows is None:
            return _first(found, self.most)
        begin, end = self.rows
        return f"{found} WHERE place >= {begin} AND place < {end} QUALIFY row_number() OVER () > 0"

    def numbered(self, wanted: Sequence[Field]) -> Numbered:
        """See SourceView."""
        found = f"{_wanted(self.fields, wanted)}{_further(self)}"
        relation = f"SELECT *, {found}, row_number() OVER () AS n FROM {self._numbered()}"
        return Numbered(_first(relation, self.most), _whole_record(self.fields))

    def reader(self) -> str:
        """What follows FROM, with the columns as the file names them."""
        numbered = "" if self.rows is None else f", {_ROW}=true"
        return f"read_parquet({_paths(self)}, hive_partitioning=false{numbered})"

    def _numbered(self) -> str:
        columns = [f"c{place}" for place in range(len(self.fields))] + ["place"] * (self.rows is not None)
        return f"{self.reader()} AS t({', '.join(columns)})"


def can_be_one(names: Sequence[str]) -> bool:
    """Whether several files with fields of these names can be read as one, with the number of each record's file."""
    return not _is_odd(names) and _NUMBER not in map(str.casefold, names)


def _is_odd(names: Sequence[str]) -> bool:
    """Whether DuckDB has no columns of these names."""
    folded = set(map(str.casefold, names))
    return not names or len(folded) < len(names) or "" in folded
