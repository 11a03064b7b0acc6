"""`headrace flows`: every flow, a line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from headrace.cli.answering import answer_lines, say, terminal_width, with_instants
from headrace.cli.asking import instant_text
from headrace.cli.calling import Api
from headrace.cli.main import DONE
from headrace.cli.short import form_option, service_options

_STATUSES = ("Active", "Draft", "Suspended", "Errored", "Deprecated")


@click.command()
@click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES), help="Only these.")
@form_option
@service_options
def command(*, statuses: tuple[str, ...], output: str, api: Api) -> int:
    """List the flows: status, source, destination, trigger, and how the last run ended."""
    with api.client() as client:
        every = [flow.to_document() for flow in client.list_flows().items()]
    found = [flow for flow in every if not statuses or flow.get("flowStatus") in statuses]
    if output == "json":
        click.echo(json.dumps([with_instants(flow, "FlowDefinition") for flow in found], indent=2))
    elif found:
        say(answer_lines({"flows": [_row(flow) for flow in found]}, "table", width=terminal_width()))
    else:
        click.echo(_none(statuses, len(every)), err=True)
    return DONE


def _none(statuses: tuple[str, ...], count: int) -> str:
    if count:
        return f"None of the {count} flows is {' or '.join(statuses)}."
    return "There are no flows. Make one: headrace create-flow --cli-input-json file://flow.json"


def _row(flow: Mapping[str, Any]) -> dict[str, str]:
    last = flow.get("lastRunExecutionDetails", {})
    return {
        "name": flow.get("flowName", ""),
        "status": flow.get("flowStatus", ""),
        "source": flow.get("sourceConnectorLabel") or flow.get("sourceConnectorType", ""),
        "destination": flow.get("destinationConnectorLabel") or flow.get("destinationConnectorType", ""),
        "trigger": flow.get("triggerType", ""),
        "last run": last_run_text(last),
    }


def last_run_text(last: Mapping[str, Any]) -> str:
    """How the last run ended and when; "never" where there was none."""
    if "mostRecentExecutionStatus" not in last:
        return "never"
    at = last.get("mostRecentExecutionTime")
    return " ".join([last["mostRecentExecutionStatus"], *([] if at is None else [instant_text(at)])])
