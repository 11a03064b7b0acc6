"""`headrace start`: run a flow, or let its schedule or its events run it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import click

from headrace.cli.calling import Api
from headrace.cli.following import followed
from headrace.cli.main import BAD_USAGE, DONE
from headrace.cli.naming import flow_argument
from headrace.cli.short import service_options, trigger_of
from headrace.cli.start_flow import overriding, run_now, run_options


@click.command()
@flow_argument
@click.option("--now", "is_now", is_flag=True, help="Run it once now, also if it has a schedule or waits for events.")
@run_options
@service_options
def command(flow: str, *, is_now: bool, wait: bool, client_token: str | None, api: Api, **asked: Any) -> int:
    """Start the flow NAME.

    A flow on demand runs now, and the id of the run is printed. A flow with a schedule or events is made active, and
    runs when it is due; --now runs it once, whatever its status. So do --from, --to, --full-refresh, --where and
    --limit, which say what this one run reads; the flow's next incremental run is as if it had not been.
    """
    if is_now or overriding(asked):
        return run_now(api, flow, asked, client_token, wait=wait)
    if wait and trigger_of(api, flow) != "OnDemand":
        click.echo(
            f"Flow {flow} runs when it is due, so there is no run to wait for: add --now to run it once.", err=True
        )
        return BAD_USAGE
    started = api("StartFlow", {"flowName": flow, "clientToken": client_token or str(uuid4())})
    if "executionId" not in started:
        click.echo(f"Flow {flow} is {started.get('flowStatus', 'Active')}: it runs when it is due.", err=True)
        return DONE
    click.echo(started["executionId"])
    return followed(api, flow, started["executionId"]) if wait else DONE
