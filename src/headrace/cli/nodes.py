"""What `serve` and `work` share: a node that runs until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from headrace.cli.common import told_to_stop
from headrace.clock import SystemClock
from headrace.errors import SettingsError
from headrace.log import Log
from headrace.service import Service
from headrace.settings import Settings


def until_told_to_stop(settings: Settings, log: Log, start: Callable[[Service], None]) -> None:
    """Start a service by `start` and stop it at SIGTERM or Ctrl-C."""
    stopped = threading.Event()
    with told_to_stop(stopped.set):
        service = Service(settings, SystemClock(), log=log)
        try:
            start(service)
            stopped.wait()
            log.info("stopping")
        finally:
            service.stop()
        log.info("stopped")


def refuse_to_be_alone(settings: Settings, why: str) -> None:
    """Raise SettingsError where no other process can have the same flows."""
    if settings.database_url is None:
        raise SettingsError(
            f"{why}: without HEADRACE_DATABASE_URL flows lie in a SQLite file, which one process opens at a time. Let"
            " `headrace serve` run the flows itself, or set HEADRACE_DATABASE_URL to a PostgreSQL database that all"
            " processes share."
        )
