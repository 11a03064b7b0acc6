"""Executions of a flow looked for by id, state and time, in a long history too."""

from __future__ import annotations

import json
import re

import pytest

from headrace.model.states import State
from headrace.store import execution_search, executions
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import add_flow, queue, read, take, write

FLOW = "id of orders"
EVERY = [state.value for state in State]


@pytest.fixture(name="history")
def a_history(store: Store) -> Store:
    def plant(tx: Tx) -> None:
        tx.executions_kept = 100
        add_flow(tx)
        add_flow(tx, "other")
        for number, state in enumerate([State.DONE, State.FAILED, State.DONE, State.CANCELLED]):
            queue(tx, f"e{number}", now_ms=1000 * number)
            take(tx)
            if state is State.CANCELLED:
                assert executions.cancel(tx, f"e{number}", now_ms=9000)
            assert executions.settle(tx, f"e{number}", 1, state=state, counts=None, message=None, now_ms=9000)
        queue(tx, "e4", now_ms=4000)
        queue(tx, "of another", flow="other")

    write(store, plant)
    return store


def found(
    history: Store,
    states: list[str],
    ids: list[str] | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    before: int | None = None,
    limit: int = 9,
) -> list[str]:
    def work(tx: Tx) -> list[str]:
        given = execution_search.search(
            tx, FLOW, states=states, ids=ids, from_ms=from_ms, to_ms=to_ms, before_sequence=before, limit=limit
        )
        return [each.execution_id for each in given]

    return read(history, work)


def test_executions_are_found_by_state_newest_first(history: Store) -> None:
    assert found(history, EVERY) == ["e4", "e3", "e2", "e1", "e0"]
    assert found(history, ["done"]) == ["e2", "e0"]
    assert found(history, ["failed"]) == ["e1"]
    assert found(history, ["failed", "cancelled"]) == ["e3", "e1"]
    assert found(history, ["queued", "running"]) == ["e4"]
    assert found(history, ["queued", "failed"]) == ["e4", "e1"]


def test_executions_are_found_by_id_whatever_else_is_asked(history: Store) -> None:
    assert found(history, EVERY, ["e1", "e3", "e1", "of another", "nobody"]) == ["e3", "e1"]
    assert found(history, ["done"], ["e1", "e2"]) == ["e2"]
    assert found(history, EVERY, ["e1", "e2", "e3"], from_ms=2000, to_ms=3000) == ["e2"]
    assert found(history, EVERY, ["e0", "e1", "e2"], before=3, limit=1) == ["e1"]


def test_executions_are_found_by_time_and_page_by_page(history: Store) -> None:
    assert found(history, EVERY, from_ms=1000, to_ms=3000) == ["e2", "e1"]
    assert found(history, EVERY, before=5, limit=2) == ["e3", "e2"]


@pytest.mark.parametrize(
    "states, index", [(["failed"], "executions_not_done"), (["queued"], "executions_unfinished_of_flow")]
)
def test_what_is_rare_is_not_looked_for_in_the_whole_history(file_store: Store, states: list[str], index: str) -> None:
    statement = execution_search._statement({*states})

    def explained(tx: Tx) -> list[tuple[object, ...]]:
        values = dict.fromkeys(re.findall(r":(\w+)", statement.sqlite), 1)
        return tx._session.rows("EXPLAIN QUERY PLAN " + statement.sqlite, values)

    assert f"USING INDEX {index} " in json.dumps(read(file_store, explained))
