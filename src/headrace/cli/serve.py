"""`headrace serve`: the API and one worker in this process."""

from __future__ import annotations

from pathlib import Path

import click

from headrace.cli.common import data_option, database_option, log_of, settings_of
from headrace.cli.main import DONE
from headrace.cli.nodes import refuse_to_be_alone, until_told_to_stop
from headrace.cli.places import bucket_places, database_place
from headrace.service import Service
from headrace.settings import Settings
from headrace.version import version


@click.command()
@click.option("--host", help="The address to listen on.  [default: HEADRACE_HOST or 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on, 0 for any free one.  [default: HEADRACE_PORT or 8080]")
@click.option("--no-work", is_flag=True, help="Run no flow here: `headrace work` does, on the same database.")
@data_option
@database_option
def command(
    host: str | None,
    port: int | None,
    no_work: bool,  # noqa: FBT001 - click's signature
    data: Path | None,
    database_url: str | None,
) -> int:
    """Serve the AppFlow API and run its flows, until SIGTERM or Ctrl-C.

    Running executions are finished first; what takes longer than HEADRACE_DRAIN seconds is handed back and
    runs again after the next start.
    """
    settings = settings_of(data=data, host=host, port=port, database_url=database_url)
    if no_work:
        refuse_to_be_alone(settings, "Nothing would ever run with --no-work")
    log = log_of(settings)

    def start(service: Service) -> None:
        service.start(is_working=not no_work, is_scheduling=True)
        click.echo(greeting(service.url, settings))
        log.info("serving", url=service.url, data=str(settings.data), auth=settings.auth)

    until_told_to_stop(settings, log, start)
    return DONE


def greeting(url: str, settings: Settings) -> str:
    """What a stranger needs to point an AWS client here, ready to be pasted into a shell."""
    lines = [
        f"headrace {version()} listening on {url}",
        f"export AWS_ENDPOINT_URL_APPFLOW={url}",
        f"export AWS_DEFAULT_REGION={settings.region} AWS_REGION={settings.region}",
        _credentials(settings),
        *(f"# {place}" for place in (*database_place(settings), *bucket_places(settings))),
    ]
    return "\n".join(lines)


def _credentials(settings: Settings) -> str:
    if settings.auth == "sigv4":
        return "# credentials: a key of `headrace keys create`"
    return "# any credentials will do: export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any"
