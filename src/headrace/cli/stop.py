"""`headrace stop`: no more runs by schedule or events."""

from __future__ import annotations

import click

from headrace.cli.calling import Api
from headrace.cli.main import DONE
from headrace.cli.short import service_options


@click.command()
@click.argument("flow", metavar="NAME")
@service_options
def command(flow: str, *, api: Api) -> int:
    """Let the flow NAME run no more by its schedule or its events; headrace start NAME lets it again.

    A run in progress goes on: headrace cancel NAME ends it.
    """
    answer = api("StopFlow", {"flowName": flow})
    click.echo(f"Flow {flow} is {answer['flowStatus']}.")
    return DONE
