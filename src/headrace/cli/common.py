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

    Not in the handler of the signal. That runs between any two steps of the main thread, which may hold the very lock
    that `stop` waits for, as in the middle of `Event.wait`; and where the system tells another thread of the signal, it
    does not run at all for as long as the main thread waits. What Python writes to a pipe comes whichever is told.
    """
    numbers = (signal.SIGTERM, signal.SIGINT)
    heard, tells = os.pipe()
    os.set_blocking(tells, False)

    def stop_when_told() -> None:
        while told := os.read(heard, 1):
            if told[0] in numbers:
                stop()
                return

    listener = threading.Thread(target=stop_when_told, name="signals", daemon=True)
    listener.start()
    told_before = signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _end_next_time) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(told_before)
        os.close(tells)
        listener.join()
        os.close(heard)


def _end_next_time(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
