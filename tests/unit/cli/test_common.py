"""What the subcommands share: how a process is told to stop."""

from __future__ import annotations

import signal
import threading

import pytest

from headrace.cli.common import told_to_stop
from tests.standins.processes import PATIENCE_S

NUMBERS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@NUMBERS
def test_a_signal_stops_while_the_main_thread_holds_the_lock_that_the_stop_needs(number: signal.Signals) -> None:
    lock, stopped = threading.Lock(), threading.Event()

    def stop() -> None:
        with lock:
            stopped.set()

    with told_to_stop(stop):
        with lock:
            # Its handler has run when this returns.
            signal.raise_signal(number)
            assert not stopped.is_set()
        assert stopped.wait(PATIENCE_S)


@NUMBERS
def test_a_signal_stops_whichever_thread_the_system_tells_of_it(number: signal.Signals) -> None:
    waits, stopped = threading.Event(), threading.Event()

    def be_told() -> None:
        waits.wait()
        signal.pthread_kill(threading.get_ident(), number)

    other = threading.Thread(target=be_told)
    with told_to_stop(stopped.set):
        other.start()
        waits.set()
        assert stopped.wait(PATIENCE_S)
    other.join()


@NUMBERS
def test_a_second_signal_ends_the_process(number: signal.Signals) -> None:
    stopped = threading.Event()

    with told_to_stop(stopped.set):
        signal.raise_signal(number)

        assert signal.getsignal(number) is signal.SIG_DFL
        assert stopped.wait(PATIENCE_S)


@NUMBERS
def test_signals_are_what_they_were_once_there_is_nothing_to_stop(number: signal.Signals) -> None:
    before, stopped = signal.getsignal(number), threading.Event()

    with told_to_stop(stopped.set):
        assert signal.getsignal(number) is not before

    assert signal.getsignal(number) is before
    assert "signals" not in {thread.name for thread in threading.enumerate()}
    assert not stopped.is_set()
