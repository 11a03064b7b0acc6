"""One split, group of files by group of files: each read once, twice where its content is bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine import layout
from headrace.engine.alike import as_one, batches, lenient_where_malformed, runs
from headrace.engine.coming import Follow, wait_until_worth, whole
from headrace.engine.compile import Compiled, compile_tasks
from headrace.engine.fields import fields_of, wanted_of
from headrace.engine.first import first_views, forget_malformed_after
from headrace.engine.formats import UnreadableSource
from headrace.engine.joining import joined
from headrace.engine.malformed import BAD_CONTENT, drop_malformed, first_line
from headrace.engine.opening import as_unreadable, check_tables, is_odd_after_all, once_whole, open_view, open_views
from headrace.engine.packing import pack
from headrace.engine.partition import write_partitions
from headrace.engine.pass_over import Writing, pass_over
from headrace.engine.passed import Passed
from headrace.engine.pieces import Pieces, pieces_of
from headrace.engine.rejects import malformed_count, rejects_of
from headrace.engine.results import Counts, EngineError, SplitOrder, SplitResult, StagedFile
from headrace.engine.sources import CsvFile, JsonFile, ParquetFile, SourceView
from headrace.engine.tasks import READING
from headrace.engine.watch import Watch, check_unchanged
from headrace.engine.working import Working
from headrace.engine.writers import Written, write, write_each

# Files that can't be worked on together are parted in so many, and are worked on one by one once they are few.
_PARTS = 4
_FEW_FILES = 8
_NO_FILES_FAULT = (duckdb.InterruptException, duckdb.InternalException, duckdb.FatalException)
_Opening = Callable[[], Sequence[SourceView]]


class Passes:
    """The work on one split, over one connection; `run` may be called once. What DuckDB raises comes out as it is."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        order: SplitOrder,
        watch: Watch,
        scratch: Path,
        with_one_thread: Callable[[], AbstractContextManager[None]],
        threads: int,
        limit_setting: str,
        follow: Follow,
    ) -> None:
        self._follow = follow
        self._threads = threads
        self._limit_setting = limit_setting
        self._with_one_thread = with_one_thread
        self._con = con
        self._working = Working(con)
        self._order = order
        self._watch = watch
        self._scratch = scratch
        self._counts = Counts()
        self._outputs: list[StagedFile] = []
        self._rejects: list[StagedFile] = []
        self._group_bytes = 0
        # What is read again is not told again.
        self._told_bytes = 0
        # The files of the group that is worked on.
        self._reading: Sequence[LocalFile] = ()
        # Looking for malformed lines of earlier reads costs more than many a file.
        self._has_malformed = False
        self._uses_pieces = True

    def run(self) -> SplitResult:
        try:
            with self._working.followed(self._watch, self._progress):
                self._see_to_all()
        except duckdb.OutOfMemoryException as error:
            raise self._of_memory(error) from error
        except _NO_FILES_FAULT:
            raise
        except (duckdb.Error, UnreadableSource, FileNotFoundError):
            # What changes while it is read may look broken.
            check_unchanged(self._reading)
            check_tables(self._con, self._reading, self._order.input, self._scratch)
            raise
        return SplitResult(self._counts, tuple(self._outputs), tuple(self._rejects))

    def _of_memory(self, error: duckdb.OutOfMemoryException) -> EngineError:
        """What was read then: the one file, or those that make one output file together."""
        [first, *others] = [file.name for file in self._reading] or ["its source"]
        read = f"{first} and {len(others)} more" if others else first
        return EngineError(
            f"Flow {self._order.naming.flow_name} needs more memory to read {read} than {self._limit_setting} allows."
            f" Raise it: {first_line(error)}"
        )

    def _see_to_all(self) -> None:
        output, limit = self._order.output, self._order.limit
        if limit is not None:
            views = first_views(self._con, self._order, limit, self._open, self._scratch)
            self._see_to(0, [view.file for view in views], lambda: views)
        elif output.is_single_file or output.target_file_bytes:
            self._see_to(0, list(self._order.files))
        else:
            self._see_to_each()

    def _see_to_each(self) -> None:
        """Let each file make its own output file."""
        place = 0
        for files in batches(self._order.files):
            if len(files) == 1:
                self._see_to(place, files)
            else:
                self._watch.check()
                self._see_to_small(place, self._opening(self._whole(files))())
                self._clear(files)
            place += len(files)

    def _see_to_small(self, place: int, views: Sequence[SourceView]) -> None:
        for run in runs(views):
            self._see_to_run(place, run)
            place += len(run)
            self._watch.progress(self._counts)

    def _see_to_run(self, place: int, run: Sequence[SourceView]) -> None:
        """Let each of the files, which are alike, make its output file; fewer together where content is bad."""
        bad = self._pass_together(place, run) if len(run) > 1 else len(run)
        if not bad:
            return
        if len(run) <= max(_FEW_FILES, bad * _PARTS):
            for number, view in enumerate(run, place):
                self._passed(number, partial(list[SourceView], [view]))
            return
        size = -(-len(run) // _PARTS)
        for begin in range(0, len(run), size):
            self._see_to_run(place + begin, run[begin : begin + size])

    def _see_to(self, place: int, files: Sequence[LocalFile], open_: _Opening | None = None) -> None:
        """Let the files make one output file, or several of the size that is asked for."""
        if open_ or not self._pass_coming(place, files):
            self._passed(place, open_ or self._opening(self._whole(files)))
        self._clear(files)
        self._watch.progress(self._counts)

    def _passed(self, place: int, open_: _Opening) -> None:
        self._watch.check()
        try:
            self._pass(place, open_())
        except duckdb.OutOfMemoryException:
            # Hundreds of fields take more than the limit when several threads hold records of them.
            self._uses_pieces = False
            with self._with_one_thread():
                self._pass(place, open_())
        except duckdb.IOException as error:
            raise as_unreadable(error, open_()) or error from error

    def _clear(self, files: Sequence[LocalFile]) -> None:
        for path in (*(file.path for file in files if file.is_copy), *self._scratch.iterdir()):
            path.unlink(missing_ok=True)

    def _opening(self, files: Sequence[LocalFile], urls: Mapping[Path, str] = MappingProxyType({})) -> _Opening:
        def open_() -> Sequence[SourceView]:
            self._reading = files
            return open_views(self._con, files, self._order.input, wanted_of(self._order), self._scratch, urls)

        return open_

    def _whole(self, files: Sequence[LocalFile]) -> Sequence[LocalFile]:
        return [whole(file, self._watch) for file in files]

    def _open(self, file: LocalFile) -> SourceView:
        self._reading = (file,)
        file = whole(file, self._watch)
        return open_view(self._con, file, self._order.input, wanted_of(self._order), self._scratch)

    def _progress(self, percent: float) -> None:
        read = self._counts.bytes_read + int(self._group_bytes * percent / 100)
        self._told_bytes = max(self._told_bytes, read)
        self._watch.progress(replace(self._counts, bytes_read=self._told_bytes))

    def _begin(self, files: Sequence[LocalFile]) -> None:
        self._reading = files
        self._group_bytes = sum(file.size_bytes for file in files)

    # --- one group --------------------------------------------------------------------------

    def _pass(self, place: int, views: Sequence[SourceView]) -> None:
        if not views:
            return
        views, compiled = self._compiled(views)
        passed = self._quick_pass(place, views, compiled)
        if passed is None and len(views) > 1:
            views = lenient_where_malformed(self._con, views, self._scratch)
            passed = self._quick_pass(place, views, compiled)
        if passed is None or passed.malformed:
            # Bad content can fail a file as a whole, or hide good records: once more, so that it fails its record only.
            careful = [view.lenient(self._scratch) for view in views]
            if passed is None or careful != views:
                few = [as_one(group) for group in runs(careful)]
                views, passed = careful, self._write(few, compiled, self._writing(place, compiled))
        self._finish(place, views, compiled, passed)

    def _pass_coming(self, place: int, files: Sequence[LocalFile]) -> bool:
        """Pass the files while they come; whether they do and that went well. If not, nothing is counted.

        Raises what ended the copying, whatever became of the query.
        """
        if not any(file.coming for file in files):
            return False
        with self._follow(files, self._watch) as coming:
            found = self._try_coming(place, files, {each.file.path: each.url for each in coming})
            there = self._whole(files)
        if found is None or is_odd_after_all(found[0], coming):
            return False
        views, compiled, passed = found
        views = [once_whole(view, file, self._scratch) for view, file in zip(views, there, strict=True)]
        self._finish(place, views, compiled, passed)
        return True

    def _try_coming(
        self, place: int, files: Sequence[LocalFile], urls: Mapping[Path, str]
    ) -> tuple[Sequence[SourceView], Compiled, Passed] | None:
        try:
            wait_until_worth(files, self._watch)
            views, compiled = self._compiled(self._opening(files, urls)())
            passed = self._quick_pass(place, views, compiled)
        except (duckdb.Error, UnreadableSource):
            # It may be the fault of a file, which has to be told as of the whole file.
            return None
        return None if passed is None or passed.malformed else (views, compiled, passed)

    def _compiled(self, views: Sequence[SourceView]) -> tuple[Sequence[SourceView], Compiled]:
        """The views with what the output wants of them, and the tasks over them."""
        order = self._order
        self._begin([view.file for view in views])
        knows_presence = order.output.omits_lacking and all(isinstance(view, JsonFile) for view in views)
        if knows_presence:
            views = [replace(view, tells_presence=True) for view in views if isinstance(view, JsonFile)]
        if order.output.keeps_source:
            views = [view.telling_source() for view in views]
        fields = fields_of(order, views)
        return views, compile_tasks(order.tasks, fields, order.output, knows_presence=knows_presence)

    def _finish(self, place: int, views: Sequence[SourceView], compiled: Compiled, passed: Passed) -> None:
        """Keep the rejects, and count."""
        rejected = self._keep_rejects(place, views, compiled, passed)
        check_unchanged(self._reading)
        self._count(views, passed, rejected)

    def _quick_pass(self, place: int, views: Sequence[SourceView], compiled: Compiled) -> Passed | None:
        """What came of writing the group; None where bad content stopped it."""
        groups = runs(views)
        one_each = [as_one(group) for group in groups]
        copies = [joined(group, self._scratch) or one for group, one in zip(groups, one_each, strict=True)]
        try:
            if pieces := self._pieces(copies, compiled):
                order, target = self._order, self._target(place)
                work = Pieces(self._con, compiled, order.output, target, self._watch, self._working)
                return work.over(pieces, self._threads)
            passed = self._write(copies, compiled, self._writing(place, compiled))
            if copies != one_each and passed.malformed:
                passed = self._write(one_each, compiled, self._writing(place, compiled))
        except BAD_CONTENT:
            return None
        return passed

    def _pieces(self, views: Sequence[SourceView], compiled: Compiled) -> Sequence[ParquetFile]:
        """The pieces by which the views are quicker made into one file of text; none where they are not."""
        output = self._order.output
        is_one_file = not compiled.partition and (output.is_single_file or not output.target_file_bytes)
        if not self._uses_pieces or not is_one_file or output.file_type == "PARQUET":
            return []
        return pieces_of(self._con, views, self._threads)

    def _pass_together(self, place: int, views: Sequence[SourceView]) -> int:
        """Let each of the small files, which are alike, make its output file in one pass; 0: that went well.

        Else how many bad records there may be: nothing is counted, and the files are to be passed once more, fewer at a
        time.
        """
        order = self._order
        if order.output.omits_lacking or order.output.keeps_source:
            return len(views)
        compiled = compile_tasks(order.tasks, fields_of(order, views), order.output)
        if compiled.partition:
            return len(views)
        self._begin([view.file for view in views])
        targets = [self._target(number) for number in range(place, place + len(views))]

        def write_files(source: str) -> Iterator[tuple[str, Written]]:
            return iter([("", write_each(self._con, compiled.columns, source, order.output, targets))])

        try:
            one = joined(views, self._scratch, tells_file=True) or as_one(views, tells_file=True)
            passed = self._write([one], compiled, write_files)
        except (*BAD_CONTENT, duckdb.IOException, duckdb.OutOfMemoryException):
            return 1
        if passed.refused or passed.malformed:
            # Which record of which file it is, is known of one file.
            return passed.refused + passed.malformed
        check_unchanged(self._reading)
        self._count(views, passed, {})
        return 0

    def _writing(self, place: int, compiled: Compiled) -> Writing:
        """What writes the group at `place`: each partition's folder, and its files."""
        target, output = self._target(place), self._order.output
        if compiled.partition:
            return lambda source: write_partitions(self._con, compiled, source, output, target, self._watch)
        return lambda source: iter([("", write(self._con, compiled.columns, source, output, target))])

    def _target(self, place: int) -> Path:
        return self._order.staging / f"{place:05d}"

    def _write(self, views: Sequence[SourceView], compiled: Compiled, writing: Writing) -> Passed:
        if self._has_malformed or self._order.input == "json":
            drop_malformed(self._con)
        # Until the pass has come to its end, and left none.
        self._has_malformed = True

        def reading(source: str) -> Iterator[tuple[str, Written]]:
            with self._working.reading():
                yield from writing(source)

        passed = pass_over(self._con, views, compiled, reading)
        if any(view.may_have_lost() for view in views if isinstance(view, CsvFile) and not view.is_coming):
            raise duckdb.InvalidInputException("The last line may be too long to be read by several threads")
        forget_malformed_after(self._con, views)
        malformed = malformed_count(self._con)
        self._has_malformed = malformed > 0 or passed.refused > 0
        return replace(passed, malformed=malformed)

    def _count(self, views: Sequence[SourceView], passed: Passed, rejected: Mapping[int, int]) -> None:
        self._group_bytes = 0
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
        if order.output.is_packed:
            path = pack(path, self._threads, self._watch.check)
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
        self, place: int, views: Sequence[SourceView], compiled: Compiled, passed: Passed
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
