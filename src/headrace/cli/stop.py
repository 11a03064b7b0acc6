"""`headrace stop`: no more runs by schedule or events."""

from __future__ import annotations

import click

from headrace.cli.calling import Api
from headrace.cli.main import DONE
from headrace.cli.naming import flow_argument
from headrace.cli.short import service_options, trigger_of
from headrace.errors import Stop


@click.command()
@flow_argument
@service_options
def command(flow: str, *, api: Api) -> int:
    """Let the flow NAME run no more by its schedule or its events; headrace start NAME lets it again.

    A run in progress goes on: headrace cancel NAME ends it.
    """
    if trigger_of(api, flow) == "OnDemand":
        raise Stop(f"Flow {flow} runs on demand, so it can't be stopped: headrace cancel {flow} ends its runs.")
    answer = api("StopFlow", {"flowName": flow})
    click.echo(f"Flow {flow} is {answer['flowStatus']}.")
    return DONE
