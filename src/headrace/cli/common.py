"""What the subcommands share: settings of the process, its log, its signals."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

import click

from headrace.log import Level, LibraryLog, Log
from headrace.settings import Settings

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The folder of everything headrace keeps.  [default: HEADRACE_DATA or ~/.headrace]",
)
database_option = click.option(
    "--database-url",
    metavar="URL",
    help="The PostgreSQL database that nodes share.  [default: HEADRACE_DATABASE_URL or a file in the data folder]",
)


def settings_of(
    *,
    data: Path | None,
    host: str | None = None,
    port: int | None = None,
    database_url: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings of this process; SettingsError names every bad one."""
    return Settings.from_environment(
        environment, data=data, host=host, port=port, database_url=database_url, is_terminal=sys.stderr.isatty()
    )


def log_of(settings: Settings, *, least: Level | None = None) -> Log:
    """The log of this process, on standard error; what libraries log goes there too.

    `least` stands in for the setting of the least level.
    """
    log = Log(sys.stderr, form=settings.log_format, level=least or settings.log_level)
    library = logging.getLogger()
    library.handlers = [LibraryLog(log)]
    return log


@contextmanager
def told_to_stop(stop: Callable[[], None]) -> Generator[None]:
    """Call `stop`, in a thread of its own, on the first SIGTERM or SIGINT; a second one ends the process.

    Not in the handler of the signal: that runs between any two steps of the main thread, which may hold the very
    lock that `stop` waits for, as in the middle of `Event.wait`.
    """
    # Of all queues, the one whose `put` may come in the middle of another of its calls.
    told: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        told.put(stop)

    def call_what_comes() -> None:
        told.get()()

    numbers = (signal.SIGTERM, signal.SIGINT)
    listener = threading.Thread(target=call_what_comes, name="signals", daemon=True)
    listener.start()
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        told.put(_nothing)
        listener.join()


def _nothing() -> None:
    return
