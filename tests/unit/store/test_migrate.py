from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.store import migrate as migrations
from headrace.store.opening import migrate, open_store
from tests.standins.postgres import Postgres
from tests.standins.stores import StorePlace
from tests.unit.store.rows import keep, kept, write


@pytest.fixture(name="url")
def empty_database(postgres_server: Postgres) -> Iterator[str]:
    url = postgres_server.new_database()
    yield url
    postgres_server.drop(url)


@pytest.fixture(name="place")
def place_of_the_database(tmp_path: Path, url: str) -> StorePlace:
    return StorePlace(tmp_path / "data", url)


def make_old(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent / "migrations"))
    engine = create_engine(url.replace("://", "+psycopg://"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_an_empty_database_gets_its_schema_from_whoever_opens_it_first(place: StorePlace) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda number: place.open(data=f"node{number}"), range(4)))
    write(stores[0], lambda tx: keep(tx, "1"))
    assert [kept(store) for store in stores] == [{"1"}] * 4
    for store in stores:
        store.close()


def test_an_older_schema_is_left_alone_until_it_is_said_to_change(place: StorePlace, url: str) -> None:
    make_old(url, "0008")
    settings = Settings(place.data, database_url=url)
    with pytest.raises(SettingsError, match=r"has the schema 0008, and this version .* needs .* `headrace mig"):
        place.open()
    assert migrate(settings, is_check=True).found == "0008"
    assert migrate(settings).found == "0008"
    assert migrate(settings).is_newest
    assert migrate(settings, is_check=True).is_newest
    open_store(settings).close()


def test_a_newer_schema_is_refused_unless_it_says_that_this_version_works_with_it(
    place: StorePlace, postgres_server: Postgres, url: str
) -> None:
    place.open().close()
    name = url.rpartition("/")[2]
    postgres_server.run("UPDATE alembic_version SET version_num = '9999'", name)
    with closing(place.open()) as store:
        write(store, lambda tx: keep(tx, "still works"))
    assert migrate(Settings(place.data, database_url=url)).found == "9999"

    postgres_server.run("UPDATE facts SET value = '9998'", name)
    for open_it in (place.open, lambda: migrate(Settings(place.data, database_url=url))):
        with pytest.raises(SettingsError, match=r"newer headrace: its schema is 9999, .* up to \d{4}\. Install"):
            open_it()


def test_a_newer_schema_that_says_nothing_is_refused(place: StorePlace, postgres_server: Postgres, url: str) -> None:
    make_old(url, "0008")
    postgres_server.run("UPDATE alembic_version SET version_num = '9999'", url.rpartition("/")[2])
    with pytest.raises(SettingsError, match="newer headrace"):
        place.open()
