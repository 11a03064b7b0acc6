"""`headrace executions`: the runs of a flow, newest first, and what each task did in one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from headrace.cli.asking import Instant, api_of, executions_path, line_of, output_option, url_option
from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.naming import flow_argument
from headrace.errors import Stop
from headrace.model.states import SHOWN

_PAGE = 100


@click.command()
@flow_argument
@click.option("--id", "ids", multiple=True, metavar="EXECUTION", help="Only this one, and what each task did in it.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(sorted(set(SHOWN.values()))), help="Only these.")
@click.option("--from", "start", type=Instant(), help="Queued then or later.")
@click.option("--to", "end", type=Instant(), help="Queued before.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@output_option
@url_option
def command(
    flow: str,
    *,
    ids: tuple[str, ...],
    statuses: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    limit: int,
    output: str,
    url: str | None,
) -> int:
    """List the runs of the flow NAME, newest first: a line each, with counts and window.

    With --id, also what each task of the flow did: how many records it dropped and rejected.
    """
    asked: dict[str, Any] = {"ids": ",".join(ids), "statuses": ",".join(statuses)}
    asked |= {"from": start and start.isoformat(), "to": end and end.isoformat()}
    try:
        found = list(_found(api_of(url), flow, asked, limit))
    except Stop as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return DONE
    for execution in found:
        click.echo(line_of(execution))
        if ids:
            for line in task_lines(execution):
                click.echo(line)
    return DONE


def _found(api: Api, flow: str, asked: Mapping[str, Any], limit: int) -> Iterator[Mapping[str, Any]]:
    token = ""
    while limit > 0:
        query = {**asked, "maxResults": min(limit, _PAGE), "nextToken": token}
        answer = api.ask("GET", executions_path(flow, query))
        yield from answer["executions"]
        limit, token = limit - _PAGE, answer.get("nextToken", "")
        if not token:
            return


def task_lines(execution: Mapping[str, Any]) -> Iterator[str]:
    """A line for each task of the run: what it dropped and rejected."""
    for task in execution["tasks"]:
        place = f"tasks[{task['index']}]" if "index" in task else ""
        yield f"  {place:<10} {task['name']:<40} dropped {task['dropped']:,}, rejected {task['rejected']:,}"
