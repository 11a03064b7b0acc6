from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from headrace.errors import InternalServerException, SettingsError
from headrace.store import sqlite, tables, tags
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S
from tests.unit.store.rows import done, read, write


class Stop(Exception):
    pass


def keep(tx: Tx, key: str) -> str:
    tags.put(tx, "arn", {key: key})
    return key


def kept(store: Store) -> set[str]:
    return set(read(store, lambda tx: tags.get(tx, "arn")))


def held(store: Store) -> threading.Event:
    """Keep the writing thread busy until the event is set, so that what comes next is committed together."""
    go, busy = threading.Event(), threading.Event()

    def wait(_: Tx) -> None:
        busy.set()
        assert go.wait(PATIENCE_S)

    store.write(wait)
    assert busy.wait(PATIENCE_S)
    return go


def test_waiting_writes_share_a_commit_and_a_failed_one_is_undone_alone(store: Store) -> None:
    def fail(tx: Tx) -> None:
        keep(tx, "undone")
        raise Stop

    go = held(store)
    first, failed, second = (
        store.write(lambda tx: keep(tx, "1")),
        store.write(fail),
        store.write(lambda tx: keep(tx, "2")),
    )
    go.set()
    assert (done(first), done(second)) == ("1", "2")
    with pytest.raises(Stop):
        done(failed)
    assert kept(store) == {"1", "2"}


def test_a_write_sees_the_writes_before_it_and_a_read_only_what_is_durable(store: Store) -> None:
    seen: list[set[str]] = []
    go = held(store)
    store.write(lambda tx: keep(tx, "1"))
    last = store.write(lambda tx: set(tags.get(tx, "arn")))
    seen.append(kept(store))
    go.set()
    assert done(last) == {"1"}
    assert seen == [set()]
    assert kept(store) == {"1"}


def test_a_future_resolves_after_its_commit_is_durable(store: Store, tmp_path: Path) -> None:
    write(store, lambda tx: keep(tx, "1"))
    with closing(sqlite3.connect(tmp_path / "data" / "headrace.db")) as other:
        assert other.execute("SELECT key FROM tags").fetchall() == [("1",)]


def test_a_cancelled_write_does_not_run(store: Store) -> None:
    go = held(store)
    future = store.write(lambda tx: keep(tx, "never"))
    assert future.cancel()
    go.set()
    write(store, lambda tx: keep(tx, "later"))
    assert kept(store) == {"later"}


def test_a_read_can_not_write_and_its_connection_stays_usable(store: Store) -> None:
    for _ in range(5):
        with pytest.raises(InternalServerException, match="read-only"):
            read(store, lambda tx: keep(tx, "1"))
    assert kept(store) == set()


def test_listeners_hear_of_a_topic_once_it_is_durable_and_never_of_what_was_undone(store: Store) -> None:
    heard: list[tuple[str, set[str]]] = []
    told = threading.Event()

    def listen(topic: str) -> None:
        heard.append((topic, kept(store)))
        told.set()

    def announce(tx: Tx, key: str) -> None:
        tx.announce(key)
        keep(tx, key)
        if key == "undone":
            raise Stop

    unwatch = store.watch(listen)
    with pytest.raises(Stop):
        write(store, lambda tx: announce(tx, "undone"))
    write(store, lambda tx: announce(tx, "kept"))
    assert told.wait(PATIENCE_S)
    write(store, lambda tx: keep(tx, "silent"))
    unwatch()
    write(store, lambda tx: announce(tx, "unheard"))
    assert heard == [("kept", {"kept"})]


def test_closing_finishes_what_waits_and_then_refuses(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    go = held(store)
    future = store.write(lambda tx: keep(tx, "1"))
    go.set()
    store.close()
    store.close()
    assert done(future) == "1"
    for call in (store.write, store.read):
        with pytest.raises(InternalServerException, match="its store is closed"):
            call(lambda _: None)
    with closing(Store.open(tmp_path)) as again:
        assert kept(again) == {"1"}


def test_a_folder_in_use_is_refused_naming_the_process_that_uses_it(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"in use by process {os.getpid()}\\..*--data"):
        Store.open(tmp_path / "data")
    write(store, lambda tx: keep(tx, "still works"))


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


def shape(engine: Engine) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for table in tables.METADATA.tables:
        for index in inspect(engine).get_indexes(table):
            where = str(index.get("dialect_options", {}).get("sqlite_where"))
            found.append(
                (table, index["name"], index["column_names"], index["unique"], where.removeprefix(f"{table}."))
            )
        found += [
            (table, unique["name"], unique["column_names"]) for unique in inspect(engine).get_unique_constraints(table)
        ]
    return found


def test_the_revisions_make_the_schema_that_the_code_uses(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    migrated, declared = (create_engine(f"sqlite:///{tmp_path / name}") for name in ("headrace.db", "declared.db"))
    tables.METADATA.create_all(declared)
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []
    assert shape(migrated) == shape(declared)
    for engine in (migrated, declared):
        engine.dispose()


def test_a_full_disk_fails_every_write_of_the_batch_in_words_and_the_store_lives_on(store: Store) -> None:
    limit = Statement(text("PRAGMA max_page_count"))
    (pages,) = write(store, lambda tx: tx._connection.execute("PRAGMA page_count").fetchone())
    write(store, lambda tx: tx._connection.execute(f"PRAGMA max_page_count={pages + 2}").fetchall())
    assert write(store, lambda tx: tx.rows(limit)) == [(pages + 2,)]

    def fill(tx: Tx) -> None:
        for number in range(1000):
            keep(tx, f"{number} " + "x" * 4000)

    go = held(store)
    small, large = store.write(lambda tx: keep(tx, "small")), store.write(fill)
    go.set()
    with pytest.raises(InternalServerException, match="the disk is full"):
        done(large)
    # Either it was undone with the other, or the other alone was: what it was told is what holds.
    outcome = small.exception(timeout=PATIENCE_S)
    assert kept(store) == (set() if outcome else {"small"})
    write(store, lambda tx: tx._connection.execute(f"PRAGMA max_page_count={pages + 1000}").fetchall())
    assert write(store, lambda tx: keep(tx, "room again")) == "room again"


def test_a_commit_that_fails_fails_every_write_of_its_batch_and_the_store_lives_on(store: Store) -> None:
    def leave_an_orphan(tx: Tx) -> str:
        # Checked at COMMIT only, so that COMMIT is what fails.
        tx.announce("orphan")
        tx._connection.execute("PRAGMA defer_foreign_keys=ON")
        tx._connection.execute("INSERT INTO splits VALUES ('no such execution', 0, '{}', NULL)")
        return "orphan"

    heard: list[str] = []
    store.watch(heard.append)
    go = held(store)
    futures = [store.write(lambda tx: keep(tx, "innocent")), store.write(leave_an_orphan)]
    go.set()
    for future in futures:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            done(future)
    assert kept(store) == set()
    assert write(store, lambda tx: keep(tx, "later")) == "later"
    store.close()
    assert heard == []


def test_a_mistake_in_a_statement_stays_what_it_is() -> None:
    error = sqlite3.OperationalError('near "x": syntax error')
    assert sqlite.worded(error) is error


def test_a_forgotten_value_is_an_error_and_no_null(store: Store) -> None:
    with pytest.raises(sqlite3.ProgrammingError, match="value"):
        write(store, lambda tx: tx.rows(tags._INSERT, arn="a", key="b"))
