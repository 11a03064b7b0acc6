"""One split of a run: source files in, staged files, rejects and counts out."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.coming import Comings
from headrace.engine.explain import explained
from headrace.engine.formats import InputFormat
from headrace.engine.malformed import first_line
from headrace.engine.members import EVERYTHING
from headrace.engine.opening import open_view
from headrace.engine.passes import Passes
from headrace.engine.preview import Preview, preview_of
from headrace.engine.readable import Explained
from headrace.engine.results import Counts, EngineError, SplitOrder, SplitResult
from headrace.engine.values import Field
from headrace.engine.watch import Cancelled, Watch
from headrace.engine.working import set_up

# What is freed at once in such amounts goes back to the system, and no file is kept that is read once: a quarter of the
# most that a split takes, for 3 % of its processor time.
_GIVEN_BACK = {"allocator_bulk_deallocation_flush_threshold": "2MB", "enable_external_file_cache": False}
# No threads that write behind those that work: a query that is interrupted meanwhile may wait for them for ever, and
# nothing is quicker by them.
_AT_ONCE = {"async_threads": 0}
# Nothing is loaded from outside.
_CLOSED = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


class Engine:
    """DuckDB, kept warm; splits of several runs may be run at once, from different threads.

    `memory_limit_bytes` bounds what all of them take together; past it DuckDB spills to `scratch`. `limit_setting` is
    what whoever needs more has to raise. DuckDB opens while its caller does other things; the first split waits for it.
    """

    def __init__(
        self, *, memory_limit_bytes: int, threads: int, scratch: Path, limit_setting: str = "HEADRACE_MEMORY_LIMIT"
    ) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.memory_limit_bytes = memory_limit_bytes
        self.threads = threads
        self._scratch = scratch
        self._threads = threads
        self._limit_setting = limit_setting
        self._config = {
            "memory_limit": f"{memory_limit_bytes}B",
            "threads": threads,
            **_GIVEN_BACK,
            **_AT_ONCE,
            **_CLOSED,
        }
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._opened = 0
        self._comings = Comings()
        # As long as the split of a small run takes; Python's lock is not held meanwhile.
        opener = ThreadPoolExecutor(1, thread_name_prefix="headrace-engine")
        self._opening = opener.submit(self._open)
        opener.shutdown(wait=False)

    @property
    def _database(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._opening.result()
        except duckdb.Error as error:
            raise EngineError(first_line(error)) from error

    def _open(self) -> duckdb.DuckDBPyConnection:
        self._opened += 1
        spill = str(self._scratch / f"spill-{self._opened}")
        return duckdb.connect(config={**self._config, "temp_directory": spill})

    def close(self) -> None:
        """Let go of DuckDB; running splits fail."""
        if self._opening.exception() is None:
            self._comings.leave(self._database)
            self._database.close()

    def _replace(self, broken: duckdb.DuckDBPyConnection) -> None:
        """Open a new DuckDB: after a fault of its own, the old one refuses every query."""
        with self._lock:
            if self._database is broken:
                opened = Future[duckdb.DuckDBPyConnection]()
                opened.set_result(self._open())
                self._opening = opened
                broken.close()

    @contextmanager
    def _with_one_thread(self) -> Generator[None]:
        """Within the block DuckDB has one thread, for all splits: what it holds at a time is least then."""
        with self._saving:
            self._database.execute("SET threads = 1")
            try:
                yield
            finally:
                self._database.execute(f"SET threads = {self._threads}")

    def run_split(self, order: SplitOrder, watch: Watch) -> SplitResult:
        """Run one split; its files lie in `order.staging` and `order.rejects` when it returns.

        Raises Cancelled, DatasetDropped, UnreadableSource, EngineError, and whatever `order.files` raises.
        """
        for folder in (order.staging, order.rejects):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        with self._asking(watch) as (con, scratch):
            follow = partial(self._comings.following, self._database)
            one_thread, limit = self._with_one_thread, self._limit_setting
            return Passes(con, order, watch, scratch, one_thread, self._threads, limit, follow).run()

    def preview(self, order: SplitOrder) -> Preview:
        """What the split would make of its first records, `order.limit` of them that pass the filters.

        Writes to the scratch folder alone. Raises what `run_split` raises, but for DatasetDropped.
        """
        with self._asking(Watch(_nobody)) as (con, scratch):
            return preview_of(con, order, scratch)

    def explain(self, order: SplitOrder, name: str, named: Callable[[int], str]) -> Explained:
        """What the split's tasks compile to; see `explained`. Reads no more than beginnings of the order's files.

        Raises UnreadableSource, EngineError, and whatever `order.files` raises.
        """
        with self._asking(Watch(_nobody)) as (con, scratch):
            return explained(con, order, name, named, scratch)

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
            set_up(con)
            with watch.interrupting(con.interrupt), TemporaryDirectory(dir=self._scratch) as scratch:
                yield con, Path(scratch)
        except duckdb.InterruptException as error:
            raise Cancelled("The run was cancelled.") from error
        except duckdb.OutOfMemoryException as error:
            raise EngineError(f"{first_line(error)}. Raise {self._limit_setting}.") from error
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
