"""`headrace export`: what is served, as documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from headrace.applying import Account, exported, with_secrets
from headrace.cli.calling import Api
from headrace.cli.convert import put
from headrace.cli.documents import BadDocument, told_faults
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.short import service_options
from headrace.client import Client
from headrace.documents import FORMS, Document, Kind, read, write

_STANDARD_OUTPUT = "-"


def export_options(command: Callable[..., int]) -> Callable[..., int]:
    """What is written, and where."""
    options = (
        click.argument("folder", metavar="[DIR|-]", default=_STANDARD_OUTPUT),
        click.option("--flow", "flows", multiple=True, metavar="NAME", help="Only this flow and its profiles."),
        click.option("--to", "form", type=click.Choice(list(FORMS)), default="json", show_default=True),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@export_options
@service_options
def command(folder: str, *, flows: tuple[str, ...], form: str, api: Api) -> int:
    """Write flows, connector profiles and custom connectors as documents: a file each to DIR, or one text.

    Secrets are references such as ${ERP_PASSWORD}, which headrace apply fills in from the environment.
    """
    with api.client() as client:
        return export(client, folder, flows, form)


def export(client: Client, folder: str, flows: Sequence[str], form: str) -> int:
    """Write what the client's account has; the exit code. Raises what the service answers."""
    found = tuple(exported(Account(client), place=client.endpoint_url, names=frozenset(flows)))
    if absent := set(flows) - {each.name for each in found if each.kind is Kind.FLOW}:
        click.echo(f"There is no flow {', '.join(sorted(absent))}. See what is there: headrace flows.", err=True)
        return RUN_FAILED
    if not found:
        click.echo(f"There is nothing to write at {client.endpoint_url}.", err=True)
        return DONE
    try:
        put(found, form, None if folder == _STANDARD_OUTPUT else Path(folder))
    except BadDocument as error:
        return told_faults(error)
    _sum_up(found, client.endpoint_url, form)
    return DONE


def _sum_up(documents: Sequence[Document], url: str, form: str) -> None:
    counts = Counter(each.kind for each in documents)
    parts = [f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}" for kind in Kind if counts[kind]]
    click.echo(f"{', '.join(parts)} from {url}.", err=True)
    # As the form spells them.
    again = (each for document in documents for each in read("", write([document], form).encode(), {}))
    if names := sorted({name for each in again for name in with_secrets(each, {}).missing}):
        click.echo(f"To apply them, set {', '.join(names)}.", err=True)
