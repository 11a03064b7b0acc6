"""One split of a run: source files in, staged files, rejects and counts out."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine import layout
from headrace.engine.compile import Compiled, compile_tasks, with_lets
from headrace.engine.counters import Counters, stop_reason
from headrace.engine.fields import fields_of, wanted_of
from headrace.engine.first import first_views, forget_malformed_after
from headrace.engine.formats import InputFormat
from headrace.engine.members import EVERYTHING
from headrace.engine.partition import write_partitions
from headrace.engine.preview import Preview, preview_of
from headrace.engine.rejects import malformed_count, rejects_of
from headrace.engine.results import Counts, DatasetDropped, SplitOrder, SplitResult, StagedFile
from headrace.engine.sources import JsonFile, SourceView, drop_malformed, first_line, open_view
from headrace.engine.tasks import READING
from headrace.engine.values import Field
from headrace.engine.watch import Cancelled, Watch
from headrace.engine.writers import Written, write
from headrace.errors import HeadraceError

_PROGRESS_EVERY_S = 0.25
# Nothing is loaded from outside.
_CLOSED = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


class EngineError(HeadraceError):
    """The engine could not do a split: out of memory, disk full, or a file it can't make sense of."""


class Engine:
    """DuckDB, kept warm; splits of several runs may be run at once, from different threads.

    `memory_limit_bytes` bounds what all of them take together; past it DuckDB spills to `scratch`.
    """

    def __init__(self, *, memory_limit_bytes: int, threads: int, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._scratch = scratch
        self._config = {"memory_limit": f"{memory_limit_bytes}B", "threads": threads, **_CLOSED}
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._opened = 0
        self._database = self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self._opened += 1
        spill = str(self._scratch / f"spill-{self._opened}")
        return duckdb.connect(config={**self._config, "temp_directory": spill})

    def close(self) -> None:
        """Let go of DuckDB; running splits fail."""
        self._database.close()

    def _replace(self, broken: duckdb.DuckDBPyConnection) -> None:
        """Open a new DuckDB: after a fault of its own, the old one refuses every query."""
        with self._lock:
            if self._database is broken:
                self._database = self._open()
                broken.close()

    @contextmanager
    def _with_one_thread(self) -> Generator[None]:
        """Within the block DuckDB has one thread, for all splits: what it holds at a time is least then."""
        with self._saving:
            self._database.execute("SET threads = 1")
            try:
                yield
            finally:
                self._database.execute(f"SET threads = {self._config['threads']}")

    def run_split(self, order: SplitOrder, watch: Watch) -> SplitResult:
        """Run one split; its files lie in `order.staging` and `order.rejects` when it returns.

        Raises Cancelled, DatasetDropped, UnreadableSource, EngineError, and whatever `order.files` raises.
        """
        for folder in (order.staging, order.rejects):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        with self._asking(watch) as (con, scratch):
            return _Split(con, order, watch, scratch, self._with_one_thread).run()

    def preview(self, order: SplitOrder) -> Preview:
        """What the split would make of its first records, `order.limit` of them that pass the filters.

        Writes to the scratch folder alone. Raises what `run_split` raises, but for DatasetDropped.
        """
        with self._asking(Watch(_nobody)) as (con, scratch):
            return preview_of(con, order, scratch)

    def fields(self, files: Iterable[LocalFile], declared: InputFormat) -> tuple[Field, ...]:
        """The fields that the files have together, with the type of the first; copies are removed.

        Raises UnreadableSource, EngineError, and whatever `files` raises.
        """
        found: dict[str, Field] = {}
        with self._asking(Watch(_nobody)) as (con, scratch):
            for file in files:
                for field in open_view(con, file, declared, EVERYTHING, scratch).fields:
                    found.setdefault(field.name, field)
                if file.is_copy:
                    file.path.unlink(missing_ok=True)
        return tuple(found.values())

    @contextmanager
    def _asking(self, watch: Watch) -> Generator[tuple[duckdb.DuckDBPyConnection, Path]]:
        """A connection and a scratch folder; what DuckDB raises in the block comes out as headrace's errors."""
        database = self._database
        con = database.cursor()
        try:
            con.execute("SET TimeZone = 'UTC'")
            with watch.interrupting(con.interrupt), TemporaryDirectory(dir=self._scratch) as scratch:
                yield con, Path(scratch)
        except duckdb.InterruptException as error:
            raise Cancelled("The run was cancelled.") from error
        except duckdb.OutOfMemoryException as error:
            raise EngineError(f"{first_line(error)}. Raise HEADRACE_MEMORY_LIMIT.") from error
        except (duckdb.InternalException, duckdb.FatalException) as error:
            self._replace(database)
            raise EngineError(first_line(error)) from error
        except duckdb.Error as error:
            raise _as_disk_full(error) or EngineError(first_line(error)) from error
        finally:
            con.close()


def _nobody(_counts: Counts) -> None:
    """Nobody follows."""


def _as_disk_full(error: duckdb.Error) -> OSError | None:
    """The error that Python has for a full disk, if that is what DuckDB met; it names one in its text alone."""
    if os.strerror(errno.ENOSPC) not in str(error):
        return None
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True)
class _Passed:
    """What came of a group: each partition's folder and files, and the counts of all other records.

    `refused` could be read and not written.
    """

    parts: tuple[tuple[str, Written], ...]
    dropped: Mapping[int, int]
    refused: int
    malformed: int

    @property
    def written(self) -> int:
        """The records in the files."""
        return sum(written.records for _, written in self.parts)

    @property
    def read(self) -> int:
        """All records, whatever became of them."""
        return self.written + self.refused + self.malformed + sum(self.dropped.values())


class _Split:
    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        order: SplitOrder,
        watch: Watch,
        scratch: Path,
        with_one_thread: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._with_one_thread = with_one_thread
        self._con = con
        self._order = order
        self._watch = watch
        self._scratch = scratch
        self._counts = Counts()
        self._outputs: list[StagedFile] = []
        self._rejects: list[StagedFile] = []
        self._group_bytes = 0
        # Looking for malformed lines of earlier reads costs more than many a file.
        self._has_malformed = False

    def run(self) -> SplitResult:
        with self._following():
            if self._order.limit is None:
                for place, files in enumerate(self._groups()):
                    self._see_to(place, [file for file in files if file.is_copy], self._opening(files))
            else:
                views = first_views(self._con, self._order, self._order.limit, self._open, self._scratch)
                self._see_to(0, [view.file for view in views if view.file.is_copy], lambda: views)
        return SplitResult(self._counts, tuple(self._outputs), tuple(self._rejects))

    def _groups(self) -> Iterator[list[LocalFile]]:
        """Files that go into the same output file; by default each makes its own."""
        if self._order.output.is_single_file or self._order.output.target_file_bytes:
            yield list(self._order.files)
            return
        for file in self._order.files:
            yield [file]

    def _see_to(self, place: int, copies: Sequence[LocalFile], open_: Callable[[], Sequence[SourceView]]) -> None:
        self._watch.check()
        try:
            self._pass(place, open_())
        except duckdb.OutOfMemoryException:
            # Hundreds of fields take more than the limit when several threads hold records of them.
            with self._with_one_thread():
                self._pass(place, open_())
        for path in (*(file.path for file in copies), *self._scratch.iterdir()):
            path.unlink(missing_ok=True)
        self._watch.progress(self._counts)

    def _opening(self, files: Sequence[LocalFile]) -> Callable[[], Sequence[SourceView]]:
        return lambda: [self._open(file) for file in files]

    def _open(self, file: LocalFile) -> SourceView:
        return open_view(self._con, file, self._order.input, wanted_of(self._order), self._scratch)

    @contextmanager
    def _following(self) -> Generator[None]:
        """Tell the watcher now and then how much has been read; stop the query that a cancel came just before."""
        done = threading.Event()

        def follow() -> None:
            while not done.wait(_PROGRESS_EVERY_S):
                if self._watch.cancelled:
                    self._con.interrupt()
                percent = max(self._con.query_progress(), 0.0)
                read = self._counts.bytes_read + int(self._group_bytes * percent / 100)
                self._watch.progress(replace(self._counts, bytes_read=read))

        follower = threading.Thread(target=follow, name="headrace-progress", daemon=True)
        follower.start()
        try:
            yield
        finally:
            done.set()
            follower.join()

    # --- one group --------------------------------------------------------------------------

    def _pass(self, place: int, views: Sequence[SourceView]) -> None:
        if not views:
            return
        order = self._order
        self._group_bytes = sum(view.file.size_bytes for view in views)
        knows_presence = order.output.omits_lacking and all(isinstance(view, JsonFile) for view in views)
        if knows_presence:
            views = [replace(view, tells_presence=True) for view in views if isinstance(view, JsonFile)]
        if order.output.keeps_source:
            views = [view.telling_source() for view in views]
        fields = fields_of(order, views)
        compiled = compile_tasks(order.tasks, fields, order.output, knows_presence=knows_presence)
        passed = self._quick_pass(place, views, compiled)
        if passed is None or passed.malformed:
            # Bad content can fail a file as a whole, or hide good records: once more, so that it fails its record only.
            careful = [view.lenient(self._scratch) for view in views]
            if passed is None or careful != views:
                views, passed = careful, self._write(place, careful, compiled)
        self._count(views, passed, self._keep_rejects(place, views, compiled, passed))

    def _quick_pass(self, place: int, views: Sequence[SourceView], compiled: Compiled) -> _Passed | None:
        """What came of writing the group; None where bad content stopped it."""
        try:
            return self._write(place, views, compiled)
        except duckdb.InvalidInputException:
            return None

    def _write(self, place: int, views: Sequence[SourceView], compiled: Compiled) -> _Passed:
        if self._has_malformed or self._order.input == "json":
            drop_malformed(self._con)
        # Until the pass has come to its end, and left none.
        self._has_malformed = True
        counters = Counters(self._con, (*compiled.branches, *compiled.late_branches))
        relation = " UNION ALL ".join(f"({view.select(compiled.fields)})" for view in views)
        passing = f"SELECT * FROM ({relation}) WHERE {counters.where(compiled.branches)}"
        source = f"({with_lets(passing, compiled)}) WHERE {counters.where(compiled.late_branches)}"
        target = self._order.staging / f"{place:05d}"
        output = self._order.output
        try:
            if compiled.partition:
                parts = tuple(write_partitions(self._con, compiled, source, output, target, self._watch))
            else:
                parts = (("", write(self._con, compiled.columns, source, output, target)),)
        except duckdb.InvalidInputException as error:
            reason = stop_reason(error)
            if reason is None:
                raise
            raise DatasetDropped(f"The data set was dropped: {reason}") from error
        dropped, refused = counters.dropped_and_rejected()
        forget_malformed_after(self._con, views)
        malformed = malformed_count(self._con)
        self._has_malformed = malformed > 0 or refused > 0
        return _Passed(parts, dropped, refused, malformed)

    def _count(self, views: Sequence[SourceView], passed: _Passed, rejected: Mapping[int, int]) -> None:
        staged = [self._staged(folder, path) for folder, written in passed.parts for path in written.paths]
        self._counts = self._counts.add(
            Counts(
                records_read=passed.read,
                records_written=passed.written,
                rejected=rejected,
                dropped=passed.dropped,
                bytes_read=sum(view.file.size_bytes for view in views),
                bytes_written=sum(file.size_bytes for file in staged),
            )
        )

    def _staged(self, partition: str, path: Path) -> StagedFile:
        order, naming = self._order, self._order.naming
        folder = layout.folder(
            order.output,
            flow_name=naming.flow_name,
            execution_id=naming.execution_id,
            schema_version=naming.schema_version,
            at=naming.started_at,
        )
        name = layout.file_name(
            order.output,
            execution_id=naming.execution_id,
            split=order.number,
            place=len(self._outputs),
            at=naming.started_at,
        )
        staged = StagedFile(str(path), f"{folder}{partition}{name}", path.stat().st_size)
        self._outputs.append(staged)
        return staged

    def _keep_rejects(
        self, place: int, views: Sequence[SourceView], compiled: Compiled, passed: _Passed
    ) -> Mapping[int, int]:
        """Write a line for each rejected record; how many for which task, which the lines say, too."""
        order, counted = self._order, Counter[int]()
        if not passed.refused and not passed.malformed:
            return counted
        path = order.rejects / f"{order.number:05d}-{place}.json"
        with path.open("w", encoding="utf-8") as stream:
            for reject in rejects_of(self._con, views, compiled, passed.refused, passed.read):
                self._watch.check()
                stream.write(f"{reject.to_json()}\n")
                counted[READING if reject.task is None else reject.task] += 1
        self._rejects.append(StagedFile(str(path), path.name, path.stat().st_size))
        return counted
