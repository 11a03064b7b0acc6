"""The table of moves is total, consistent and ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.model.states import ACTIVE, FINISHED, MOVES, SHOWN, State, sources_of


def test_every_state_has_its_moves_and_its_wire_name() -> None:
    assert set(MOVES) == set(State)
    assert set(SHOWN) == set(State)
    assert set(SHOWN.values()) == {"InProgress", "CancelStarted", "Successful", "Error", "Canceled"}


def test_a_state_is_either_active_or_finished() -> None:
    assert ACTIVE | FINISHED == set(State)
    assert not ACTIVE & FINISHED
    assert {State.DONE, State.FAILED, State.CANCELLED} == FINISHED


def test_a_cancelling_execution_is_never_done_nor_queued_again() -> None:
    assert MOVES[State.CANCELLING] == {State.CANCELLED, State.FAILED}


def test_a_queued_execution_is_cancelled_at_once() -> None:
    assert State.CANCELLED in MOVES[State.QUEUED]
    assert State.CANCELLING not in MOVES[State.QUEUED]
    assert sources_of(State.CANCELLING) == (State.RUNNING,)


@given(st.sampled_from(State), st.sampled_from(State))
def test_sources_of_is_the_table_read_backwards(of: State, to: State) -> None:
    assert (of in sources_of(to)) == (to in MOVES[of])


@given(st.sampled_from(State))
def test_no_move_stays_where_it_is(state: State) -> None:
    assert state not in MOVES[state]


@given(st.lists(st.integers(min_value=0), min_size=20, max_size=20))
def test_every_walk_along_the_moves_stays_legal_and_a_finished_execution_never_moves(turns: list[int]) -> None:
    state = State.QUEUED
    for turn in turns:
        onward = sorted(MOVES[state])
        if not onward:
            break
        before, state = state, onward[turn % len(onward)]
        assert before in ACTIVE
        assert before in sources_of(state)
    assert (state in FINISHED) == (not MOVES[state])


@given(st.sampled_from(sorted(ACTIVE)))
def test_every_active_execution_can_come_to_an_end(state: State) -> None:
    reached = {state}
    while not reached >= (further := {to for of in reached for to in MOVES[of]}):
        reached |= further
    assert reached & FINISHED
