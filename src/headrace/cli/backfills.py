"""`headrace backfills`: the backfills of a flow, or of all, newest first."""

from __future__ import annotations

import json

import click

from headrace.cli.asking import api_of, flow_path, output_option, path_of, url_option
from headrace.cli.backfill_shown import line_of
from headrace.cli.main import DONE, RUN_FAILED
from headrace.errors import Stop

_PAGE = 100


@click.command()
@click.argument("flow", metavar="[NAME]", required=False)
@click.option("--limit", type=click.IntRange(1, _PAGE), default=20, show_default=True, help="How many at most.")
@output_option
@url_option
def command(flow: str | None, *, limit: int, output: str, url: str | None) -> int:
    """List the backfills of the flow NAME, or of all flows, newest first: a line each."""
    query = {"maxResults": limit}
    path = path_of("backfills", query) if flow is None else flow_path(flow, "backfills", query)
    try:
        found = api_of(url).ask("GET", path)["backfills"]
    except Stop as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    if output == "json":
        click.echo(json.dumps(found, indent=2))
    for backfill in () if output == "json" else found:
        click.echo(line_of(backfill))
    return DONE
