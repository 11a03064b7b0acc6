from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from headrace.errors import InternalServerException, SettingsError
from headrace.store import migrate, sqlite, tags
from headrace.store.core import tables
from headrace.store.sql import tags as tags_sql
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.postgres import Postgres
from tests.standins.processes import PATIENCE_S
from tests.standins.stores import StorePlace
from tests.unit.store.rows import Undone, add_flow, done, keep, keep_and_fail, kept, read, write


def test_a_work_that_raises_is_undone_and_the_store_lives_on(store: Store) -> None:
    for number in range(10):
        with pytest.raises(Undone):
            write(store, lambda tx: keep_and_fail(tx, "undone"))
        write(store, lambda tx, number=number: keep(tx, str(number)))
    assert kept(store) == {str(number) for number in range(10)}


def test_a_read_sees_one_moment_however_long_it_takes(store: Store) -> None:
    begun, changed = threading.Event(), threading.Event()

    def look(tx: Tx) -> list[set[str]]:
        before = set(tags.get(tx, "arn"))
        begun.set()
        assert changed.wait(PATIENCE_S)
        return [before, set(tags.get(tx, "arn"))]

    looking = store.read(look)
    assert begun.wait(PATIENCE_S)
    write(store, lambda tx: keep(tx, "meanwhile"))
    changed.set()
    assert done(looking) == [set(), set()]


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
            raise Undone

    unwatch = store.watch(listen)
    with pytest.raises(Undone):
        write(store, lambda tx: announce(tx, "undone"))
    write(store, lambda tx: announce(tx, "kept"))
    assert told.wait(PATIENCE_S)
    write(store, lambda tx: keep(tx, "silent"))
    unwatch()
    write(store, lambda tx: announce(tx, "unheard"))
    assert heard == [("kept", {"kept"})]


def test_closing_finishes_what_waits_and_then_refuses(store_place: StorePlace) -> None:
    store = store_place.open()
    futures = [store.write(lambda tx, number=number: keep(tx, str(number))) for number in range(50)]
    store.close()
    store.close()
    assert [done(future) for future in futures] == [str(number) for number in range(50)]
    for call in (store.write, store.read):
        with pytest.raises(InternalServerException, match="its store is closed"):
            call(lambda _: None)
    with closing(store_place.open()) as again:
        assert len(kept(again)) == 50


def test_a_folder_in_use_is_refused_naming_the_process_that_uses_it(store: Store, store_place: StorePlace) -> None:
    with pytest.raises(SettingsError, match=f"in use by process {os.getpid()}\\..*--data"):
        store_place.open()
    write(store, lambda tx: keep(tx, "still works"))


def test_a_forgotten_value_is_an_error_and_no_null(store: Store) -> None:
    with pytest.raises((sqlite3.ProgrammingError, psycopg.ProgrammingError), match="value"):
        write(store, lambda tx: tx.rows(tags_sql.PUT, arn="a", key="b"))


def test_a_statement_that_breaks_a_constraint_undoes_its_work_even_if_that_goes_on(store: Store) -> None:
    def go_on(tx: Tx) -> None:
        keep(tx, "undone")
        add_flow(tx)
        add_flow(tx)

    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        write(store, go_on)
    assert kept(store) == set()


def shape(engine: Engine) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for table in tables.METADATA.tables:
        for index in inspect(engine).get_indexes(table):
            options = index.get("dialect_options", {})
            where = str(options.get("sqlite_where", options.get("postgresql_where"))).removeprefix(f"{table}.")
            found.append((table, index["name"], index["column_names"], index["unique"], where))
        found += [
            (table, unique["name"], unique["column_names"]) for unique in inspect(engine).get_unique_constraints(table)
        ]
        found += [(table, str(column)) for column in inspect(engine).get_columns(table)]
    return sorted(found, key=str)


@pytest.fixture(name="engines")
def migrated_and_declared(
    request: pytest.FixtureRequest, store: Store, store_place: StorePlace
) -> Iterator[tuple[Engine, Engine]]:
    """A database as the revisions make it, and one as the code says that it is."""
    store.close()
    if store_place.url is None:
        migrate.to_newest(store_place.data / "migrated.db")
        urls = [f"sqlite:///{store_place.data / name}" for name in ("migrated.db", "headrace.db")]
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        urls = [url.replace("://", "+psycopg://") for url in (store_place.url, server.new_database())]
    engines = (create_engine(urls[0]), create_engine(urls[1]))
    yield engines
    for engine in engines:
        engine.dispose()


def test_the_revisions_make_the_schema_that_the_code_uses(engines: tuple[Engine, Engine]) -> None:
    migrated, declared = engines
    for index in (each for table in tables.METADATA.tables.values() for each in table.indexes):
        # The code says the conditions once, for the dialect that is made from it.
        index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
    tables.METADATA.create_all(declared)
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []
    assert shape(migrated) == shape(declared)


def test_a_new_file_says_what_one_says_that_went_through_all_revisions(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    migrate.to_newest(tmp_path / "migrated.db")
    said: list[object] = []
    for name in ("migrated.db", sqlite.FILE_NAME):
        with closing(sqlite.connect(tmp_path / name)) as connection:
            queries = (
                "SELECT * FROM alembic_version",
                "SELECT * FROM facts",
                "SELECT name FROM sqlite_master ORDER BY 1",
            )
            said.append([connection.execute(query).fetchall() for query in queries])
    assert said[0] == said[1]
