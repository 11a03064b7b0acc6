"""When flows are due, as the store keeps it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from headrace.model.states import State
from headrace.store import executions, flows, migrate, schedules
from headrace.store.sql import schedules as sql
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import add_flow, queue, read, take, write


def due(store: Store, now_ms: int = 10**13, limit: int = 99) -> list[schedules.DueFlow]:
    return write(store, lambda tx: schedules.due(tx, now_ms=now_ms, limit=limit))


def add_due(tx: Tx, name: str, next_fire_ms: int) -> None:
    add_flow(tx, name, trigger_type="Scheduled")
    schedules.schedule(tx, f"id of {name}", grid_start_ms=7, next_fire_ms=next_fire_ms)


def test_flows_are_due_from_their_tick_on_the_longest_due_first(store: Store) -> None:
    assert read(store, schedules.earliest_ms) is None
    for name, tick_ms in (("b", 3000), ("c", 2000), ("a", 3000), ("later", 3001)):
        write(store, lambda tx, name=name, tick_ms=tick_ms: add_due(tx, name, tick_ms))

    assert [flow.name for flow in due(store, 1999)] == []
    assert [flow.name for flow in due(store, 3000)] == ["c", "a", "b"]
    assert read(store, schedules.earliest_ms) == 2000


def test_a_page_of_due_flows_goes_on_after_the_last(store: Store) -> None:
    for name in "abc":
        write(store, lambda tx, name=name: add_due(tx, name, 1000))
    (first,) = due(store, limit=1)
    rest = write(store, lambda tx: schedules.due(tx, now_ms=1000, limit=9, after=first))
    assert [flow.name for flow in rest] == ["b", "c"]


def test_a_due_flow_has_what_a_run_of_it_needs(store: Store) -> None:
    write(store, lambda tx: add_due(tx, "orders", 1000))
    (found,) = due(store)
    assert (found.flow_id, found.revision, found.next_fire_ms, found.grid_start_ms) == ("id of orders", 1, 1000, 7)
    assert (found.arn.rpartition("/")[2], found.read_until_ms, found.document["flowName"]) == ("orders", None, "orders")


@pytest.mark.parametrize("status", ["Suspended", "Draft", "Active"])
def test_a_new_status_ends_the_schedule(store: Store, status: str) -> None:
    write(store, lambda tx: add_due(tx, "orders", 1000))
    write(store, lambda tx: flows.set_status(tx, "id of orders", status=status))
    assert due(store) == []


def settle(store: Store, execution_id: str, state: State, window_to_ms: int | None, overrides: object = None) -> None:
    def work(tx: Tx) -> None:
        queue(tx, execution_id, overrides=overrides, window_from_ms=0, window_to_ms=window_to_ms)
        (claim,) = take(tx)
        assert executions.settle(
            tx, execution_id, claim.execution.fence, state=state, counts=None, message=None, now_ms=1
        )

    write(store, work)


def test_the_position_is_the_furthest_end_of_a_successful_window_of_the_flow(store: Store) -> None:
    write(store, lambda tx: add_due(tx, "orders", 1000))
    ends = [
        (State.DONE, 500, None, 500),
        (State.FAILED, 600, None, 500),
        (State.DONE, 700, {"filters": []}, 500),
        (State.DONE, None, None, 500),
        (State.DONE, 800, None, 800),
        (State.DONE, 400, None, 800),
    ]
    for number, (state, window_to_ms, overrides, expected) in enumerate(ends):
        settle(store, f"e{number}", state, window_to_ms, overrides)
        assert due(store)[0].read_until_ms == expected


def test_a_position_ahead_of_the_clock_is_taken_back_and_no_other(store: Store) -> None:
    write(store, lambda tx: add_due(tx, "orders", 1000))
    settle(store, "e1", State.DONE, 500)
    write(store, lambda tx: schedules.rewind(tx, "id of orders", to_ms=501))
    assert due(store)[0].read_until_ms == 500
    write(store, lambda tx: schedules.rewind(tx, "id of orders", to_ms=499))
    assert due(store)[0].read_until_ms == 499


@pytest.mark.parametrize("statement", [sql.EARLIEST, sql.DUE])
def test_flows_that_are_not_due_cost_nothing(file_store: Store, statement: Statement) -> None:
    values = dict.fromkeys(re.findall(r":(\w+)", statement.sqlite), 1)
    plan = read(file_store, lambda tx: tx._session.rows("EXPLAIN QUERY PLAN " + statement.sqlite, values))
    assert re.search(r"SEARCH flows USING (COVERING )?INDEX flows_due \(next_fire_ms", json.dumps(plan)), plan
    assert "SCAN" not in json.dumps(plan)


def test_flows_that_were_active_before_schedules_were_kept_are_due_after_the_upgrade(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'headrace.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for name, status, trigger in (
            ("a", "Active", "Scheduled"),
            ("b", "Draft", "Scheduled"),
            ("c", "Active", "OnDemand"),
        ):
            connection.execute(
                text(
                    "INSERT INTO flows VALUES (:name, '1', 'r', :name, 'arn', 1, :trigger, NULL, :status, NULL, 1,"
                    " NULL, 1, 'me', 1767322999999, 'me', 0)"
                ),
                {"name": name, "status": status, "trigger": trigger},
            )
            connection.execute(text("INSERT INTO revisions VALUES (:name, 1, 1, '{}')"), {"name": name})
    engine.dispose()

    store = Store.open(tmp_path)
    found = due(store)
    store.close()

    assert [(flow.name, flow.next_fire_ms, flow.grid_start_ms) for flow in found] == [
        ("a", 1767323000000, 1767323000000)
    ]
