"""`headrace cancel`: end runs of a flow."""

from __future__ import annotations

from typing import Any

import click

from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.naming import flow_argument
from headrace.cli.short import service_options


@click.command()
@flow_argument
@click.argument("executions", metavar="[EXECUTION]...", nargs=-1)
@service_options
def command(flow: str, executions: tuple[str, ...], *, api: Api) -> int:
    """Cancel these runs of the flow NAME, or all that wait or run."""
    request: dict[str, Any] = {"flowName": flow} | ({"executionIds": list(executions)} if executions else {})
    unknown = api("CancelFlowExecutions", request).get("invalidExecutions", [])
    for each in unknown:
        click.echo(f"{each} does not run: headrace executions {flow} lists what does.", err=True)
    if not executions:
        click.echo(f"What ran of flow {flow} is being cancelled.")
    for each in executions:
        if each not in unknown:
            click.echo(f"{each} is being cancelled.")
    return RUN_FAILED if unknown else DONE
