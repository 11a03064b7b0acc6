"""The SQLite file: opening it, and what its errors mean in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from headrace.errors import InternalServerException, SettingsError

FILE_NAME = "headrace.db"
# A statement waits for nobody: the lock file keeps other processes out, and one thread writes.
_BUSY_TIMEOUT_S = 5.0
_STATEMENTS_CACHED = 256
# Holds the upper part of every index, so that a write at a random place reads little.
_WRITER_CACHE_KIB = 32 * 1024
# After a checkpoint the write-ahead log is cut back to this.
_LOG_KEPT_BYTES = 16 * 1024 * 1024
_OWNERS_ONLY = 0o600


def connect(file: Path, *, is_reader: bool = False) -> sqlite3.Connection:
    """Open a connection in autocommit mode: transactions begin where they are said to.

    (The driver would otherwise begin one before the first change only, and a SELECT before it would run outside.)
    """
    connection = sqlite3.connect(
        file,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS_CACHED,
    )
    try:
        for pragma in _pragmas(is_reader=is_reader):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _pragmas(*, is_reader: bool) -> tuple[str, ...]:
    shared = ("foreign_keys=ON", "temp_store=MEMORY")
    if is_reader:
        return (*shared, "query_only=ON")
    return (
        *shared,
        "journal_mode=WAL",
        "synchronous=FULL",
        f"journal_size_limit={_LOG_KEPT_BYTES}",
        f"cache_size=-{_WRITER_CACHE_KIB}",
    )


def make_private(file: Path) -> None:
    """Keep the file, made if missing, and those that SQLite has beside it to their owner, whatever the folder allows.

    To be called before a connection is open: SQLite gives its other files the mode of this one.
    """
    for each in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
        # One that can't be had is told when it is opened.
        with suppress(OSError):
            if each == file:
                each.touch(mode=_OWNERS_ONLY)
            each.chmod(_OWNERS_ONLY)


@contextmanager
def opening(file: Path) -> Generator[None]:
    """Turn what goes wrong while the file is opened into a SettingsError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise SettingsError(f"headrace can't open its store {file}: {_cause(error) or error}.") from error


def worded(error: sqlite3.Error) -> Exception:
    """What a caller hears when the disk or the file fails while it is used; nothing of the transaction was kept.

    An error of another kind is a mistake in headrace, and stays as it is.
    """
    cause = _cause(error)
    if cause is None:
        return error
    return InternalServerException(f"headrace could not use its store, so nothing was changed: {cause}.")


def _cause(error: sqlite3.Error) -> str | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    for prefix, words in _CAUSES.items():
        if name.startswith(prefix):
            return f"{error}: {words}"
    return None


_CAUSES = {
    "SQLITE_FULL": "the disk is full. Make room, then try again",
    "SQLITE_READONLY": "the file or its folder is read-only. Allow writing to it, or choose another folder with --data",
    "SQLITE_CANTOPEN": "the file can't be opened or created. Check the folder's permissions",
    "SQLITE_NOTADB": "it is not a SQLite database. Move the file away, or restore a backup of it",
    "SQLITE_CORRUPT": "the file is damaged. Restore a backup of it, or move it away to start with an empty store",
    "SQLITE_IOERR": "reading or writing the disk failed. Check the disk",
    "SQLITE_BUSY": "another program holds it locked. Close that program",
    "SQLITE_PERM": "permission is denied. Check the folder's permissions",
}
