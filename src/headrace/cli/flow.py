"""`headrace flow show`: one flow, to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from headrace.cli.answering import answer_lines, say, terminal_width, with_instants
from headrace.cli.asking import instant_text
from headrace.cli.calling import Api
from headrace.cli.flows import last_run_text
from headrace.cli.main import DONE
from headrace.cli.naming import flow_argument
from headrace.cli.short import form_option, service_options

_Document = Mapping[str, Any]


@click.group()
def command() -> None:
    """Show a flow: headrace flow show NAME."""


@command.command()
@flow_argument
@form_option
@service_options
def show(flow: str, *, output: str, api: Api) -> int:
    """Show the flow NAME: source, destinations, trigger, last run, and its tasks in order."""
    found = api("DescribeFlow", {"flowName": flow})
    if output == "json":
        click.echo(json.dumps(with_instants(found, "DescribeFlowResponse"), indent=2))
        return DONE
    say(lines_of(found))
    say(answer_lines({"tasks": list(_task_rows(found))}, "table", width=terminal_width()))
    return DONE


def lines_of(flow: _Document) -> Iterator[str]:
    """What a flow is, a line a fact; its tasks are left out."""
    yield f"{flow['flowName']}  {flow.get('flowStatus', '')}"
    if "description" in flow:
        yield f"  {flow['description']}"
    if "flowStatusMessage" in flow:
        yield _line("because", flow["flowStatusMessage"])
    yield _line("source", _side(flow["sourceFlowConfig"], "sourceConnectorProperties"))
    if pull := flow["sourceFlowConfig"].get("incrementalPullConfig", {}).get("datetimeTypeFieldName"):
        yield _line("", f"incremental by {pull}")
    for destination in flow["destinationFlowConfigList"]:
        yield _line("destination", _side(destination, "destinationConnectorProperties"))
    yield _line("trigger", _trigger(flow["triggerConfig"]))
    last = flow.get("lastRunExecutionDetails", {})
    yield _line("last run", last_run_text(last))
    if "mostRecentExecutionMessage" in last:
        yield _line("", last["mostRecentExecutionMessage"])
    yield _line("created", _when(flow, "created"))
    if flow.get("lastUpdatedAt") != flow.get("createdAt"):
        yield _line("updated", _when(flow, "lastUpdated"))
    if tags := flow.get("tags"):
        yield _line("tags", ", ".join(f"{name}={value}" for name, value in tags.items()))


def _line(name: str, value: str) -> str:
    return f"  {name:<12} {value}"


def _when(flow: _Document, what: str) -> str:
    by = flow.get(f"{what}By")
    return f"{instant_text(flow[f'{what}At'])}{f' by {by}' if by else ''}" if f"{what}At" in flow else "unknown"


def _side(config: _Document, member: str) -> str:
    """Connector, profile, and what of it: the connector's own properties in a row."""
    union: dict[str, dict[str, Any]] = config[member]
    parts = [str(config["connectorType"])]
    parts += [f"profile {config['connectorProfileName']}"] if "connectorProfileName" in config else []
    return "  ".join([*parts, ", ".join(fact for properties in union.values() for fact in _facts(properties))]).rstrip()


def _facts(properties: _Document) -> Iterator[str]:
    """The properties one by one, those of nested structures too; the names of the structures say little."""
    for name, value in properties.items():
        if isinstance(value, Mapping):
            yield from _facts(value)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, list):
            yield f"{name} {'/'.join(map(str, value))}"  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{name} {str(value).lower() if isinstance(value, bool) else value}"


def _trigger(config: _Document) -> str:
    properties = config.get("triggerProperties", {}).get(config["triggerType"], {})
    instants = {"scheduleStartTime", "scheduleEndTime", "firstExecutionFrom"}
    facts = {name: instant_text(value) if name in instants else value for name, value in properties.items()}
    return "  ".join([config["triggerType"], ", ".join(_facts(facts))]).rstrip()


def _task_rows(flow: _Document) -> Iterator[dict[str, Any]]:
    for number, task in enumerate(flow["tasks"]):
        operator = next(iter(task.get("connectorOperator", {}).values()), "")
        yield {
            "#": number,
            "task": task["taskType"],
            "operator": "" if operator == "NO_OP" else operator,
            "from": ", ".join(task["sourceFields"]),
            "to": task.get("destinationField", ""),
            "properties": ", ".join(f"{name}={value}" for name, value in task.get("taskProperties", {}).items()),
        }
