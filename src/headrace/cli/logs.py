"""`headrace logs`: how a run went, what each task did, and what connectors printed for it."""

from __future__ import annotations

import json
from typing import Any

import click

from headrace.cli.asking import execution_path, executions_path, line_of
from headrace.cli.calling import Api
from headrace.cli.executions import task_lines
from headrace.cli.main import DONE
from headrace.cli.naming import flow_argument
from headrace.cli.short import form_option, service_options
from headrace.errors import Stop


@click.command()
@flow_argument
@click.argument("execution", metavar="[EXECUTION]", required=False)
@form_option
@service_options
def command(flow: str, execution: str | None, *, output: str, api: Api) -> int:
    """Show how a run of the flow NAME went: counts and message, what each task did, what connectors printed.

    Without EXECUTION the newest run. What connectors print is kept on the node that ran them.
    """
    if api.is_aws:
        raise Stop(f"AWS keeps no log of a run: headrace describe-flow-execution-records --flow-name {flow}")
    found = _found(api, flow, execution)
    lines: list[str] = api.ask("GET", execution_path(flow, found["executionId"], "log"))["lines"]
    if output == "json":
        click.echo(json.dumps({**found, "log": lines}, indent=2))
        return DONE
    click.echo(line_of(found))
    for line in (*task_lines(found), *lines):
        click.echo(line)
    if found["counts"]["rejected"]:
        click.echo(f"Which records, and why: headrace rejects {flow} --id {found['executionId']}", err=True)
    return DONE


def _found(api: Api, flow: str, execution: str | None) -> dict[str, Any]:
    query = {"maxResults": 1} if execution is None else {"ids": execution}
    found = api.ask("GET", executions_path(flow, query))["executions"]
    if not found and execution is None:
        raise Stop(f"Flow {flow} has not run yet: headrace start {flow}")
    if not found:
        raise Stop(f"Flow {flow} has no run {execution}: headrace executions {flow} lists them.")
    return found[0]
