"""How much one host is asked at a time."""

from __future__ import annotations

import threading

import pytest

from headrace.connector_sdk.http.limits import Gate, Limits
from headrace.connector_sdk.http.patience import Patience
from headrace.errors import Retry
from tests.standins.processes import PATIENCE_S


class Hand:
    """A clock that waiting turns."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def gate(hand: Hand, limits: Limits, longest_wait_s: float = 5.0) -> Gate:
    return Gate(limits, wait=hand.wait, monotonic=lambda: hand.now, longest_wait_s=longest_wait_s)


def test_requests_begin_at_the_rate_and_at_once_after_a_rest():
    hand = Hand()
    held = gate(hand, Limits(per_s=4))
    for _ in range(3):
        with held.place():
            pass
    assert hand.waits == [0.25, 0.25]
    hand.now += 60
    with held.place():
        pass
    assert len(hand.waits) == 2


def test_a_long_turn_is_the_runners_to_wait_for_and_is_not_taken():
    hand = Hand()
    held = gate(hand, Limits(per_s=0.1))
    with held.place():
        pass
    for _ in range(2):
        with pytest.raises(Retry, match=r"takes 0\.1 requests a second") as raised, held.place():
            pass
        assert raised.value.after_s == 10
    hand.now += 10
    with held.place():
        pass
    assert hand.waits == []


def test_no_more_requests_are_under_way_than_the_host_takes():
    held = gate(Hand(), Limits(concurrent=1), longest_wait_s=0.01)
    is_inside, is_over = threading.Event(), threading.Event()

    def stay() -> None:
        with held.place():
            is_inside.set()
            is_over.wait(PATIENCE_S)

    other = threading.Thread(target=stay)
    other.start()
    assert is_inside.wait(PATIENCE_S)
    with pytest.raises(Retry, match="1 requests to the host are under way"), held.place():
        pass
    is_over.set()
    other.join(PATIENCE_S)
    with held.place():
        pass


def test_patience_grows_ends_and_comes_back():
    patience = Patience(lambda: 0.0)
    assert [patience.wait_s(None) for _ in range(3)] == [0.125, 0.25, None]
    patience.restore()
    assert patience.wait_s(6) is None
    assert patience.wait_s(0) == 0
