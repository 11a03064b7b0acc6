"""`headrace executions`: the runs of a flow, newest first."""

from __future__ import annotations

from datetime import datetime

import click

from headrace.cli.asking import Instant, api_of, executions_path, line_of, url_option
from headrace.cli.main import DONE, RUN_FAILED
from headrace.errors import Stop
from headrace.model.states import SHOWN

_PAGE = 100


@click.command()
@click.argument("flow", metavar="NAME")
@click.option("--status", "statuses", multiple=True, type=click.Choice(sorted(set(SHOWN.values()))), help="Only these.")
@click.option("--from", "start", type=Instant(), help="Queued then or later.")
@click.option("--to", "end", type=Instant(), help="Queued before.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@url_option
def command(
    flow: str, statuses: tuple[str, ...], start: datetime | None, end: datetime | None, limit: int, url: str | None
) -> int:
    """List the runs of the flow NAME, newest first: a line each, with counts and window."""
    api, token = api_of(url), ""
    asked = {"statuses": ",".join(statuses), "from": start and start.isoformat(), "to": end and end.isoformat()}
    try:
        while limit > 0:
            answer = api.ask(
                "GET", executions_path(flow, {**asked, "maxResults": min(limit, _PAGE), "nextToken": token})
            )
            for execution in answer["executions"]:
                click.echo(line_of(execution))
            limit, token = limit - _PAGE, answer.get("nextToken", "")
            if not token:
                break
    except Stop as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    return DONE
