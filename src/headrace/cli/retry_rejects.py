"""`headrace retry-rejects`: the records that a run rejected, once more."""

from __future__ import annotations

import json
from uuid import uuid4

import click

from headrace.cli.asking import api_of, execution_path, newest_with_rejects, url_option
from headrace.cli.following import followed
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.naming import flow_argument
from headrace.errors import Stop


@click.command()
@flow_argument
@click.option("--id", "execution_id", metavar="EXECUTION", help="Of this run.  [the newest that rejected any]")
@click.option("--again", is_flag=True, help="Even if they were retried before: records may be written twice.")
@click.option("--wait", is_flag=True, help="Wait for the end of the run; the exit code says how it was.")
@url_option
def command(flow: str, *, execution_id: str | None, again: bool, wait: bool, url: str | None) -> int:
    """Run the records that a run of the flow NAME rejected again, by the flow as it is now.

    Mend the flow or the destination first. Each record goes through all tasks as it came from the source; what is
    written comes beside what was written before. Records that are rejected again are rejects of the new run.
    """
    api = api_of(url)
    try:
        wanted = execution_id or newest_with_rejects(api, flow)
        body = json.dumps({"again": again, "clientToken": str(uuid4())}).encode()
        started = api.ask("POST", execution_path(flow, wanted, "retry"), body)
        click.echo(started["executionId"])
        return followed(api, flow, started["executionId"]) if wait else DONE
    except Stop as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
