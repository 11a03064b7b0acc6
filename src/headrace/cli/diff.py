"""`headrace diff`: what `headrace apply` would change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from headrace.applying import Account, Action
from headrace.cli.calling import Api
from headrace.cli.difference import differing, document_options, shown, told
from headrace.cli.documents import BadDocument, told_faults
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.short import form_option, service_options


@click.command()
@document_options
@click.option("--exit-code", "has_code", is_flag=True, help="End with 1 where something differs.")
@form_option
@service_options
def command(
    paths: Sequence[Path],
    *,
    parameters: Sequence[tuple[str, str]],
    owner: str | None,
    prune: bool,
    credentials: bool,
    has_code: bool,
    output: str,
    api: Api,
) -> int:
    """Show what makes the service what the documents say: + new, ~ changed, - gone, ! to be deleted and made anew.

    Nothing is changed. docs/apply.md has what is compared.
    """
    try:
        with api.client() as client:
            changes = differing(Account(client), paths, parameters, owner=owner, prune=prune, credentials=credentials)
    except BadDocument as error:
        return told_faults(error)
    for line in [told(changes)] if output == "json" else shown(changes):
        click.echo(line)
    is_other = any(change.action is not Action.KEEP for change in changes)
    return RUN_FAILED if has_code and is_other else DONE
