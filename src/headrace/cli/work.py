"""`headrace work`: a node that runs flows and answers no API."""

from __future__ import annotations

import socket
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
@click.option("--host", default="127.0.0.1", help="Where connectors and the metrics are answered.", show_default=True)
@click.option("--port", type=int, default=0, help="The port for that, 0 for any free one.", show_default=True)
@data_option
@database_option
def command(host: str, port: int, data: Path | None, database_url: str | None) -> int:
    """Run the flows of a PostgreSQL database until SIGTERM or Ctrl-C, beside any number of other processes.

    Runs are also queued here when they are due, and receivers told of them. No API is answered: `headrace serve` does
    that. What runs is finished first; what takes longer than HEADRACE_DRAIN seconds is handed to the others.
    """
    settings = settings_of(data=data, host=host, port=port, database_url=database_url)
    refuse_to_be_alone(settings, "Nobody would ever give this process anything to do")
    log = log_of(settings)

    def start(service: Service) -> None:
        service.start(is_serving=False)
        click.echo(greeting(service.url, settings))
        log.info("working", url=service.url, data=str(settings.data))

    until_told_to_stop(settings, log, start)
    return DONE


def greeting(url: str, settings: Settings) -> str:
    """What this node is and what it shares."""
    lines = [
        f"headrace {version()} working on {socket.gethostname()}: {settings.concurrent_executions} runs at a time",
        f"# metrics: {url}/metrics",
        *(f"# {place}" for place in (*database_place(settings), *bucket_places(settings))),
    ]
    return "\n".join(lines)
