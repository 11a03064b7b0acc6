from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from headrace.errors import InternalServerException, SettingsError
from headrace.store import sqlite, tags
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S
from tests.unit.store.rows import Undone, done, keep, keep_and_fail, kept, write


def held(file_store: Store) -> threading.Event:
    """Keep the writing thread busy until the event is set, so that what comes next is committed together."""
    go, busy = threading.Event(), threading.Event()

    def wait(_: Tx) -> None:
        busy.set()
        assert go.wait(PATIENCE_S)

    file_store.write(wait)
    assert busy.wait(PATIENCE_S)
    return go


def test_waiting_writes_share_a_commit_and_a_failed_one_is_undone_alone(file_store: Store) -> None:
    go = held(file_store)
    first, failed, second = (
        file_store.write(lambda tx: keep(tx, "1")),
        file_store.write(lambda tx: keep_and_fail(tx, "undone")),
        file_store.write(lambda tx: keep(tx, "2")),
    )
    go.set()
    assert (done(first), done(second)) == ("1", "2")
    with pytest.raises(Undone):
        done(failed)
    assert kept(file_store) == {"1", "2"}


def test_a_write_that_refuses_before_it_changes_anything_makes_no_other_run_again(file_store: Store) -> None:
    runs: list[str] = []

    def keep_and_note(tx: Tx, key: str) -> str:
        runs.append(key)
        return keep(tx, key)

    def refuse(tx: Tx) -> None:
        tx.announce("refused")
        raise Undone

    heard: list[str] = []
    file_store.watch(heard.append)
    go = held(file_store)
    first = file_store.write(lambda tx: keep_and_note(tx, "1"))
    refused = file_store.write(refuse)
    second = file_store.write(lambda tx: keep_and_note(tx, "2"))
    go.set()
    assert (done(first), done(second)) == ("1", "2")
    with pytest.raises(Undone):
        done(refused)
    assert (runs, heard) == (["1", "2"], [])


def test_a_write_sees_the_writes_before_it_and_a_read_only_what_is_durable(file_store: Store) -> None:
    seen: list[set[str]] = []
    go = held(file_store)
    file_store.write(lambda tx: keep(tx, "1"))
    last = file_store.write(lambda tx: set(tags.get(tx, "arn")))
    seen.append(kept(file_store))
    go.set()
    assert done(last) == {"1"}
    assert seen == [set()]
    assert kept(file_store) == {"1"}


def test_a_future_resolves_after_its_commit_is_durable(file_store: Store, tmp_path: Path) -> None:
    write(file_store, lambda tx: keep(tx, "1"))
    with closing(sqlite3.connect(tmp_path / "data" / "headrace.db")) as other:
        assert other.execute("SELECT key FROM tags").fetchall() == [("1",)]


def test_a_cancelled_write_does_not_run(file_store: Store) -> None:
    go = held(file_store)
    future = file_store.write(lambda tx: keep(tx, "never"))
    assert future.cancel()
    go.set()
    write(file_store, lambda tx: keep(tx, "later"))
    assert kept(file_store) == {"later"}


def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"can't write to its data folder .*--data"):
        Store.open(tmp_path / "file" / "data")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "headrace.db").write_bytes(b"something else " * 1000)
    with pytest.raises(SettingsError, match="not a SQLite database"):
        Store.open(tmp_path)
    assert (tmp_path / "headrace.db").read_bytes().startswith(b"something else")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    file = tmp_path / "headrace.db"
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\x5a" * 3996
    file.write_bytes(bytes(content))
    with pytest.raises(SettingsError, match="damaged"):
        Store.open(tmp_path)


def test_a_newer_schema_is_refused_naming_both(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "headrace.db", isolation_level=None)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match=r"newer headrace: its schema is 9999, .* up to \d{4}\. Install"):
        Store.open(tmp_path)


def test_a_refused_folder_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "headrace.db").write_bytes(b"something else " * 1000)
    for _ in range(2):
        with pytest.raises(SettingsError, match="not a SQLite database"):
            Store.open(tmp_path)
    (tmp_path / "headrace.db").unlink()
    Store.open(tmp_path).close()


def test_a_full_disk_fails_every_write_of_the_batch_in_words_and_the_store_lives_on(file_store: Store) -> None:
    limit = Statement(*["PRAGMA max_page_count"] * 2)
    ((pages,),) = write(file_store, lambda tx: tx._session.rows("PRAGMA page_count"))
    write(file_store, lambda tx: tx._session.rows(f"PRAGMA max_page_count={pages + 2}"))
    assert write(file_store, lambda tx: tx.rows(limit)) == [(pages + 2,)]

    def fill(tx: Tx) -> None:
        for number in range(1000):
            keep(tx, f"{number} " + "x" * 4000)

    go = held(file_store)
    small, large = file_store.write(lambda tx: keep(tx, "small")), file_store.write(fill)
    go.set()
    with pytest.raises(InternalServerException, match="the disk is full"):
        done(large)
    # Either it was undone with the other, or the other alone was: what it was told is what holds.
    outcome = small.exception(timeout=PATIENCE_S)
    assert kept(file_store) == (set() if outcome else {"small"})
    write(file_store, lambda tx: tx._session.rows(f"PRAGMA max_page_count={pages + 1000}"))
    assert write(file_store, lambda tx: keep(tx, "room again")) == "room again"


def test_a_commit_that_fails_fails_every_write_of_its_batch_and_the_store_lives_on(file_store: Store) -> None:
    def leave_an_orphan(tx: Tx) -> str:
        # Checked at COMMIT only, so that COMMIT is what fails.
        tx.announce("orphan")
        tx._session.rows("PRAGMA defer_foreign_keys=ON")
        tx._session.rows("INSERT INTO splits VALUES ('no such execution', 0, '{}', NULL)")
        return "orphan"

    heard: list[str] = []
    file_store.watch(heard.append)
    go = held(file_store)
    futures = [file_store.write(lambda tx: keep(tx, "innocent")), file_store.write(leave_an_orphan)]
    go.set()
    for future in futures:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            done(future)
    assert kept(file_store) == set()
    assert write(file_store, lambda tx: keep(tx, "later")) == "later"
    file_store.close()
    assert heard == []


def test_a_mistake_in_a_statement_stays_what_it_is() -> None:
    error = sqlite3.OperationalError('near "x": syntax error')
    assert sqlite.worded(error) is error
