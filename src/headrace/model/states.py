"""The states of an execution, what AppFlow calls each, and every legal move between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where an execution stands; the value is what the store keeps."""

    QUEUED = "queued"
    RUNNING = "running"
    # Of a flow that events start: open for more of them, and nobody's until some come.
    WAITING = "waiting"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Every legal move. Claiming an execution again after its lease ran out keeps its state, so it is
# no move. A clean shutdown puts a running execution back into the queue. Only a running execution
# may begin its commit, so a cancelling one is never done.
MOVES: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
        State.RUNNING: frozenset({State.QUEUED, State.WAITING, State.CANCELLING, State.DONE, State.FAILED}),
        State.WAITING: frozenset({State.QUEUED, State.RUNNING, State.CANCELLED}),
        State.CANCELLING: frozenset({State.CANCELLED, State.FAILED}),
        State.DONE: frozenset(),
        State.FAILED: frozenset(),
        State.CANCELLED: frozenset(),
    }
)

# executionStatus, as the API shows each state.
SHOWN: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.QUEUED: "InProgress",
        State.RUNNING: "InProgress",
        State.WAITING: "InProgress",
        State.CANCELLING: "CancelStarted",
        State.DONE: "Successful",
        State.FAILED: "Error",
        State.CANCELLED: "Canceled",
    }
)

FINISHED: Final[frozenset[State]] = frozenset(state for state, onward in MOVES.items() if not onward)
ACTIVE: Final[frozenset[State]] = frozenset(State) - FINISHED


def sources_of(to: State) -> tuple[State, ...]:
    """The states from which an execution may move to `to`, in the order of `State`.

    A move is `UPDATE … SET state = to WHERE state IN sources_of(to)`, so of two workers that
    try it one fails (invariant 5).
    """
    return tuple(state for state in State if to in MOVES[state])
