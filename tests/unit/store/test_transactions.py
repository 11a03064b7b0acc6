"""Works on a PostgreSQL that goes away, comes back, or loses what it was told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from headrace.errors import InternalServerException, StoreAway
from headrace.store.postgres_database import PostgresDatabase
from headrace.store.store import Store
from headrace.store.topics import Topics
from headrace.store.transactions import PATIENCE_S as PATIENCE_S_OF_STORES
from headrace.store.tx import Terms, Tx
from tests.standins.cutting import CuttingProxy
from tests.standins.postgres import MISSING, Postgres, Server, is_installed, server
from tests.standins.processes import PATIENCE_S, until
from tests.standins.stores import StorePlace, emptied, new_database
from tests.unit.store.rows import Undone, add_flow, done, keep, kept, read, write


@pytest.fixture(scope="module", name="own_server")
def server_of_these_tests() -> Iterator[Server]:
    if not is_installed():
        pytest.skip(MISSING)
    with server() as made:
        yield made


@pytest.fixture(scope="module", name="own_database")
def database_of_these_tests(own_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    return new_database(own_server.postgres, tmp_path_factory.mktemp("own"))


@pytest.fixture(name="place")
def place_on_the_server(own_server: Server, own_database: str, tmp_path: Path) -> StorePlace:
    return StorePlace(tmp_path / "data", emptied(own_server.postgres, own_database))


@pytest.fixture(name="own_store")
def store_on_the_server(place: StorePlace) -> Iterator[Store]:
    with closing(place.open()) as store:
        yield store


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_work_whose_server_restarts_is_run_again_and_kept_once(
    own_server: Server, own_store: Store, mode: str
) -> None:
    begun, restarted = threading.Event(), threading.Event()
    tries: list[int] = []

    def work(tx: Tx) -> str:
        tries.append(1)
        keep(tx, f"try {len(tries)}")
        begun.set()
        assert restarted.wait(PATIENCE_S)
        return keep(tx, "second half")

    future = own_store.write(work)
    assert begun.wait(PATIENCE_S)
    own_server.stop(mode)
    own_server.start()
    restarted.set()
    assert done(future) == "second half"
    assert kept(own_store) == {f"try {len(tries)}", "second half"}
    assert len(tries) > 1


def test_works_wait_for_a_server_that_is_away_and_are_done_when_it_is_back(
    own_server: Server, own_store: Store
) -> None:
    write(own_store, lambda tx: keep(tx, "before"))
    own_server.stop()
    writes = [own_store.write(lambda tx, number=number: keep(tx, str(number))) for number in range(20)]
    looking = own_store.read(lambda tx: tx.reports_to)
    own_server.start()
    assert [done(future) for future in writes] == [str(number) for number in range(20)]
    assert done(looking) == ()
    assert len(kept(own_store)) == 21


def test_a_server_that_stays_away_is_told_of_and_nobody_waits_for_ever(
    own_server: Server, place: StorePlace, own_database: str
) -> None:
    topics = Topics()
    assert place.url == own_database
    impatient = PostgresDatabase(own_database, Terms(), topics.announce, patience_s=0.5)
    with closing(Store(impatient, topics, ExitStack())) as store:
        write(store, lambda tx: keep(tx, "before"))
        own_server.stop()
        try:
            futures = [store.write(lambda tx: keep(tx, "never")) for _ in range(30)]
            futures += [store.read(lambda tx: str(tx.topics)) for _ in range(5)]
            for future in futures:
                with pytest.raises(InternalServerException, match=r"can't reach its database, so nothing was changed"):
                    done(future)
        finally:
            own_server.start()
        write(store, lambda tx: keep(tx, "after"))
        assert kept(store) == {"before", "after"}


def test_who_stops_waits_no_longer_for_a_server_that_is_away(own_server: Server, own_store: Store) -> None:
    own_server.stop()
    try:
        waiting = own_store.write(lambda tx: keep(tx, "never"))
        own_store.hasten()
        begun_s = monotonic()
        for future in (waiting, own_store.write(lambda tx: keep(tx, "never")), own_store.read(str)):
            with pytest.raises(StoreAway, match=r"can't reach its database"):
                done(future)
        # Half a minute if nobody hastens.
        assert monotonic() - begun_s < PATIENCE_S_OF_STORES / 2
    finally:
        own_server.start()


def test_topics_are_heard_again_after_a_restart(own_server: Server, own_store: Store, place: StorePlace) -> None:
    own_server.stop()
    own_server.start()
    heard = threading.Event()
    own_store.watch(lambda topic: heard.set() if topic == "news" else None)
    with closing(place.open(data="other")) as other:
        tries = 0
        while not heard.wait(0.2):
            write(other, lambda tx: tx.announce("news"))
            tries += 1
            assert tries < PATIENCE_S / 0.2


@pytest.mark.parametrize("is_delivered", [True, False])
def test_a_commit_whose_answer_is_lost_is_told_as_not_known(
    own_server: Server, place: StorePlace, *, is_delivered: bool
) -> None:
    with closing(CuttingProxy(own_server.postgres.port)) as proxy:
        url = str(place.url).replace(f":{own_server.postgres.port}/", f":{proxy.port}/")
        with closing(StorePlace(place.data, url).open()) as store:
            write(store, lambda tx: keep(tx, "before"))
            proxy.is_delivered, proxy.cut_at = is_delivered, b"COMMIT\0"
            with pytest.raises(InternalServerException, match=r"not known whether it was kept\. Send"):
                write(store, lambda tx: keep(tx, "perhaps"))
            write(store, lambda tx: keep(tx, "after"))
            assert kept(store) - {"perhaps"} == {"before", "after"}
            assert ("perhaps" in kept(store)) == is_delivered
    assert proxy.cuts == 1


def test_a_connection_that_breaks_before_the_commit_is_no_trouble(own_server: Server, place: StorePlace) -> None:
    with closing(CuttingProxy(own_server.postgres.port)) as proxy:
        url = str(place.url).replace(f":{own_server.postgres.port}/", f":{proxy.port}/")
        with closing(StorePlace(place.data, url).open()) as store:
            proxy.cut_at = b"INSERT INTO tags"
            assert write(store, lambda tx: keep(tx, "kept")) == "kept"
            assert kept(store) == {"kept"}
    assert proxy.cuts == 1


def test_two_that_wait_for_one_another_are_both_done(own_store: Store) -> None:
    met, tries = threading.Barrier(2), list[str]()

    def work(tx: Tx, first: str, second: str) -> None:
        tx.lock(first)
        tries.append(first)
        # The one that was undone comes again, alone.
        if len(tries) <= 2:
            met.wait(PATIENCE_S)
        tx.lock(second)
        keep(tx, first)

    futures = [own_store.write(lambda tx: work(tx, "a", "b")), own_store.write(lambda tx: work(tx, "b", "a"))]
    for future in futures:
        done(future)
    assert kept(own_store) == {"a", "b"}
    assert len(tries) > 2


def test_a_work_that_goes_on_after_an_error_of_the_database_is_not_taken_for_done(own_store: Store) -> None:
    def swallow(tx: Tx) -> None:
        keep(tx, "undone")
        add_flow(tx)
        with suppress(psycopg.IntegrityError):
            add_flow(tx)

    with pytest.raises(AssertionError, match="went on after an error of the database, which then answered ROLLBACK"):
        write(own_store, swallow)
    assert kept(own_store) == set()


def test_the_connection_of_a_work_that_failed_is_used_again(own_server: Server, own_store: Store) -> None:
    def fail(_: Tx) -> None:
        raise Undone

    for _ in range(20):
        with pytest.raises(Undone):
            write(own_store, fail)
        read(own_store, lambda tx: tx.topics)
    # Those of the last test may still be going.
    until(lambda: connections(own_server.postgres) <= 3)


def connections(postgres: Postgres) -> int:
    return int(postgres.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headrace'")[0][0])
