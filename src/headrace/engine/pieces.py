"""One large file of Parquet to text: its pieces by several queries at once, their text joined in order."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

import duckdb

from headrace.engine.compile import Compiled
from headrace.engine.layout import EXTENSIONS, Output
from headrace.engine.opening import SMALL_BYTES
from headrace.engine.pass_over import pass_over
from headrace.engine.passed import Passed
from headrace.engine.results import DatasetDropped
from headrace.engine.sources import ParquetFile, SourceView
from headrace.engine.sql import literal
from headrace.engine.watch import Watch
from headrace.engine.working import Working, set_up
from headrace.engine.writers import Written, write_piece

# To plan the query once more takes as long as some ten thousand records.
LEAST_RECORDS = 100_000
# The text of a piece waits on the disk until all before it are there.
MOST_RECORDS = 2_000_000
_COPIED_BYTES = 1024 * 1024
_FOLDER = "-pieces"
# Where, in the folder of what is staged, the text lies that becomes the beginning of a file.
FIRST_PIECES = f"*{_FOLDER}/0"


def pieces_of(
    con: duckdb.DuckDBPyConnection, views: Sequence[SourceView], threads: int, least_records: int = LEAST_RECORDS
) -> list[ParquetFile]:
    """The pieces of one large file, in order, of whole row groups; none where it is to be read as a whole.

    There are several for each thread where the file is very large.
    """
    [view, *others] = views
    if threads < 2 or others or not isinstance(view, ParquetFile) or not view.can_be_cut:
        return []
    if view.file.size_bytes <= SMALL_BYTES:
        return []
    groups = con.execute(
        f"SELECT row_group_num_rows FROM parquet_metadata({literal(view.path)})"
        " WHERE column_id = 0 ORDER BY row_group_id"
    ).fetchall()
    ends = list(accumulate(int(records) for (records,) in groups))
    return [replace(view, rows=rows) for rows in cuts(ends, threads, least_records)]


def cuts(ends: Sequence[int], threads: int, least_records: int) -> list[tuple[int, int]]:
    """Where the pieces begin and end, of row groups that end at `ends`; none where there would be too few."""
    records = ends[-1] if ends else 0
    most = min(len(ends), records // least_records)
    if most < threads:
        return []
    pieces = threads * min(most // threads, -(-records // (threads * MOST_RECORDS)))
    wanted = [records * place // pieces for place in range(1, pieces)]
    cuts = sorted({0, records, *(min(ends, key=lambda end: abs(end - cut)) for cut in wanted)})
    return list(pairwise(cuts))


class Pieces:
    """One pass over the pieces of a file, several at a time; one that fails stops the others."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        compiled: Compiled,
        output: Output,
        target: Path,
        watch: Watch,
        working: Working,
    ) -> None:
        self._con = con
        self._compiled = compiled
        self._output = output
        self._path = target.with_name(f"{target.name}.{EXTENSIONS[output.file_type]}")
        self._folder = target.with_name(f"{target.name}{_FOLDER}")
        self._watch = watch
        self._working = working
        self._failed = threading.Event()

    def over(self, views: Sequence[ParquetFile], threads: int) -> Passed:
        """Write the records of all pieces to one file, in their order. Raises what `pass_over` raises."""
        self._path.unlink(missing_ok=True)
        self._folder.mkdir()
        with ExitStack() as failing:
            failing.callback(self._path.unlink, missing_ok=True)
            try:
                passed = self._all(views, threads)
            finally:
                shutil.rmtree(self._folder)
            failing.pop_all()
        return passed

    def _all(self, views: Sequence[ParquetFile], threads: int) -> Passed:
        with (
            self._working.in_pieces(len(views)),
            ThreadPoolExecutor(threads, thread_name_prefix="headrace-piece") as pool,
            self._stopping_others(),
        ):
            return self._joined([pool.submit(self._piece, place, view) for place, view in enumerate(views)])

    @contextmanager
    def _stopping_others(self) -> Generator[None]:
        """Where the block fails, no piece is worth its work any more."""
        with ExitStack() as failing:
            failing.callback(self._working.interrupt)
            failing.callback(self._failed.set)
            yield
            failing.pop_all()

    def _piece(self, place: int, view: ParquetFile) -> Passed | DatasetDropped:
        def write_text(source: str) -> Iterator[tuple[str, Written]]:
            folder = self._folder / str(place)
            with self._working.on(con):
                if self._failed.is_set():
                    raise duckdb.InterruptException("Another piece failed.")
                columns, output = self._compiled.columns, self._output
                yield "", write_piece(con, columns, source, output, folder, is_first=not place)

        with self._con.cursor() as con, self._stopping_others(), self._watch.interrupting(con.interrupt):
            set_up(con)
            try:
                return pass_over(con, [view], self._compiled, write_text)
            except DatasetDropped as dropped:
                # Of several records that drop it the first is told, as of the whole file: pieces before this one go on.
                self._failed.set()
                return dropped

    def _joined(self, works: Sequence[Future[Passed | DatasetDropped]]) -> Passed:
        try:
            return self._together([self._appended(work.result()) for work in works])
        except duckdb.InterruptException:
            # By the one that failed, if it is not from outside.
            for work in works:
                if not isinstance(work.exception(), duckdb.InterruptException):
                    work.result()
            raise

    def _appended(self, passed: Passed | DatasetDropped) -> Passed:
        """The same, its text behind that of the pieces before it. Raises DatasetDropped."""
        if isinstance(passed, DatasetDropped):
            raise passed
        for path in (path for _, written in passed.parts for path in written.paths):
            if not self._path.exists():
                path.rename(self._path)
                continue
            with path.open("rb") as piece, self._path.open("ab") as text:
                shutil.copyfileobj(piece, text, _COPIED_BYTES)
            path.unlink()
        return passed

    def _together(self, found: Sequence[Passed]) -> Passed:
        dropped = sum((Counter(passed.dropped) for passed in found), Counter[int]())
        written = sum(passed.written for passed in found)
        if not written:
            self._path.unlink()
        paths = (self._path,) if written else ()
        return Passed((("", Written(paths, written)),), dropped, sum(passed.refused for passed in found), 0)
