"""Splits run on small inputs, their outputs read back with readers that are not headrace's."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.results import Counts, Naming, SplitOrder, SplitResult
from headrace.engine.split import Engine
from headrace.engine.tasks import READING, Tasks
from headrace.engine.watch import Watch

NAMING = Naming("orders", "run-1", 7, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))
Record = dict[str, Any]
# So that no cell of a test is over the limit of Python's own reader.
csv.field_size_limit(64 * 1024 * 1024)


@dataclass(frozen=True)
class Ran:
    """What a split made, read back."""

    result: SplitResult
    contents: tuple[bytes, ...]
    rejects: tuple[Record, ...]
    reader: duckdb.DuckDBPyConnection

    @property
    def counts(self) -> Counts:
        return self.result.counts

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(staged.key for staged in self.result.outputs)

    @property
    def reject_places(self) -> list[tuple[int | None, int | None]]:
        """The line and the task of each reject."""
        return [(reject.get("line"), reject.get("task")) for reject in self.rejects]

    def records(self, file: int | None = None) -> list[Record]:
        """The records of one output file, or of all in order."""
        chosen = range(len(self.result.outputs)) if file is None else (file,)
        return [record for place in chosen for record in self._records(place)]

    def _records(self, place: int) -> list[Record]:
        key, path = self.result.outputs[place].key, self.result.outputs[place].path
        if key.endswith(".parquet"):
            return parquet_records(self.reader, path)
        content = self.contents[place]
        return json_records(content) if key.endswith(".json") else csv_records(content)


def json_records(content: bytes) -> list[Record]:
    """JSON Lines, each number as it was written."""
    lines = content.decode("utf-8").split("\n")
    assert lines[-1] == ""
    return [json.loads(line, parse_float=Decimal) for line in lines[:-1]]


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def csv_records(content: bytes) -> list[Record]:
    """CSV with a header; an empty cell is null. The only cell of a row may be left out whole."""
    header, *rows = csv_rows(content)
    return [dict(zip(header, [cell or None for cell in row] or [None], strict=True)) for row in rows]


def parquet_records(con: duckdb.DuckDBPyConnection, path: str) -> list[Record]:
    found = con.execute("SELECT * FROM read_parquet(?, hive_partitioning=false)", [[path]])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def parquet_of(
    con: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]
) -> None:
    """Write a Parquet file with columns of these names and types of DuckDB."""
    con.execute(f"CREATE OR REPLACE TABLE t ({', '.join(f'c{at} {type_}' for at, (_, type_) in enumerate(columns))})")
    given = [list(row) for row in rows]
    if given:
        con.executemany(f"INSERT INTO t VALUES ({', '.join('?' for _ in columns)})", given)
    quoted = [name.replace('"', '""') for name, _ in columns]
    names = ", ".join(f'c{at} AS "{name}"' for at, name in enumerate(quoted))
    con.execute(f"COPY (SELECT {names} FROM t) TO '{path}' (FORMAT parquet)")


class Bench:
    """Runs splits on one engine; every run has folders of its own. `reader` is a database apart from the engine's."""

    def __init__(self, engine: Engine, root: Path, reader: duckdb.DuckDBPyConnection) -> None:
        self.engine = engine
        self._reader = reader
        self.root = root
        self._numbers = count()

    def folder(self) -> Path:
        folder = self.root / f"{next(self._numbers)}"
        folder.mkdir()
        return folder

    def file(self, content: bytes, name: str = "in") -> LocalFile:
        path = self.folder() / name
        path.write_bytes(content)
        return LocalFile(f"s3://raw/{name}", path, len(content))

    def parquet(self, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> LocalFile:
        path = self.folder() / "in.parquet"
        parquet_of(self._reader, path, columns, rows)
        return LocalFile("s3://raw/in.parquet", path, path.stat().st_size)

    def order(
        self,
        tasks: Tasks,
        files: Iterable[LocalFile],
        *,
        input: InputFormat = "csv",
        output: Output | None = None,
        fields: tuple[str, ...] | None = None,
    ) -> SplitOrder:
        folder = self.folder()
        return SplitOrder(
            tasks, input, output or Output("out"), 0, files, fields, folder / "staged", folder / "rejects", NAMING
        )

    def run(
        self,
        tasks: Tasks,
        *contents: bytes | LocalFile,
        input: InputFormat = "csv",
        output: Output | None = None,
        fields: tuple[str, ...] | None = None,
        watch: Watch | None = None,
    ) -> Ran:
        files = [self.file(one) if isinstance(one, bytes) else one for one in contents]
        return self.run_order(self.order(tasks, files, input=input, output=output, fields=fields), watch)

    def split(self, order: SplitOrder, watch: Watch | None = None) -> SplitResult:
        return self.engine.run_split(order, watch or Watch(lambda _: None))

    def rejects(self, result: SplitResult) -> tuple[Record, ...]:
        return tuple(line for staged in result.rejects for line in json_records(Path(staged.path).read_bytes()))

    def run_order(self, order: SplitOrder, watch: Watch | None = None) -> Ran:
        result = self.split(order, watch)
        contents = tuple(Path(staged.path).read_bytes() for staged in result.outputs)
        rejects = self.rejects(result)
        assert result.counts.balanced
        # Invariant 3, task by task: what is counted for a task is what is kept with its index.
        assert result.counts.rejected == Counter(reject.get("task", READING) for reject in rejects)
        return Ran(result, contents, rejects, self._reader)


@contextmanager
def open_bench(root: Path) -> Generator[Bench]:
    """A bench whose engine has little memory and two threads."""
    engine = Engine(memory_limit_bytes=300 << 20, threads=2, scratch=root / "scratch")
    with closing(engine), duckdb.connect(config={"threads": 1}) as reader:
        reader.execute("SET TimeZone = 'UTC'")
        yield Bench(engine, root, reader)
