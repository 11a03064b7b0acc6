"""`headrace serve`: the API and one worker in this process."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from headrace.cli.common import data_option, database_option, log_of, settings_of, told_to_stop
from headrace.cli.main import DONE
from headrace.cli.places import bucket_places
from headrace.clock import SystemClock
from headrace.service import Service
from headrace.settings import Settings
from headrace.store.opening import place_of
from headrace.version import version


@click.command()
@click.option("--host", help="The address to listen on.  [default: HEADRACE_HOST or 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on, 0 for any free one.  [default: HEADRACE_PORT or 8080]")
@data_option
@database_option
def command(host: str | None, port: int | None, data: Path | None, database_url: str | None) -> int:
    """Serve the AppFlow API and run its flows, until SIGTERM or Ctrl-C.

    Running executions are finished first; what takes longer than HEADRACE_DRAIN seconds is handed back and
    runs again after the next start.
    """
    settings = settings_of(data=data, host=host, port=port, database_url=database_url)
    log = log_of(settings)
    stopped = threading.Event()
    with told_to_stop(stopped.set):
        service = Service(settings, SystemClock(), log=log)
        service.start()
        try:
            click.echo(greeting(service.url, settings))
            log.info("serving", url=service.url, data=str(settings.data), auth=settings.auth)
            stopped.wait()
            log.info("stopping")
        finally:
            service.stop()
        log.info("stopped")
    return DONE


def greeting(url: str, settings: Settings) -> str:
    """What a stranger needs to point an AWS client here, ready to be pasted into a shell."""
    lines = [
        f"headrace {version()} listening on {url}",
        f"export AWS_ENDPOINT_URL_APPFLOW={url}",
        f"export AWS_DEFAULT_REGION={settings.region} AWS_REGION={settings.region}",
        _credentials(settings),
        *(() if settings.database_url is None else (f"# flows and runs lie in {place_of(settings.database_url)}",)),
        *(f"# {place}" for place in bucket_places(settings)),
    ]
    return "\n".join(lines)


def _credentials(settings: Settings) -> str:
    if settings.auth == "sigv4":
        return "# credentials: a key of `headrace keys create`"
    return "# any credentials will do: export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any"
