"""`headrace apply`: the service made what documents say."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from headrace.applying import Account, Action, Change, Unfinished, make
from headrace.cli.calling import Api
from headrace.cli.difference import differing, document_options, shown
from headrace.cli.documents import BadDocument, told_faults
from headrace.cli.main import BAD_USAGE, DONE, RUN_FAILED
from headrace.cli.reaching import code_of, line_of
from headrace.cli.short import service_options
from headrace.documents import Kind

_DONE = {Action.CREATE: "Created", Action.UPDATE: "Updated", Action.REPLACE: "Replaced", Action.DELETE: "Deleted"}


@click.command()
@document_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--replace", is_flag=True, help="Delete and make anew what can't be updated; a flow's runs are lost.")
@service_options
def command(
    paths: Sequence[Path],
    *,
    parameters: Sequence[tuple[str, str]],
    owner: str | None,
    prune: bool,
    credentials: bool,
    yes: bool,
    replace: bool,
    api: Api,
) -> int:
    """Make flows, connector profiles and connectors what the documents say.

    The difference is shown first, and nothing is done before you say yes. Doing it again changes nothing. References
    to secrets, such as ${ERP_PASSWORD}, are filled in from the environment. docs/apply.md has the rules.
    """
    try:
        with api.client() as client:
            account = Account(client)
            changes = differing(account, paths, parameters, owner=owner, prune=prune, credentials=credentials)
            return _applied(changes, account, is_agreed=yes, may_replace=replace)
    except BadDocument as error:
        return told_faults(error)


def _applied(changes: Sequence[Change], account: Account, *, is_agreed: bool, may_replace: bool) -> int:
    for line in shown(changes):
        click.echo(line)
    if all(change.action is Action.KEEP for change in changes):
        return DONE
    if obstacles := tuple(_obstacles(changes, may_replace=may_replace)):
        for obstacle in obstacles:
            click.echo(obstacle, err=True)
        return BAD_USAGE
    if not is_agreed and not sys.stdin.isatty():
        click.echo("Nothing was done: there is no terminal to ask on. Add --yes to do it.", err=True)
        return BAD_USAGE
    if not is_agreed and not click.confirm("Do it?"):
        click.echo("Nothing was done.", err=True)
        return RUN_FAILED
    return _made(changes, account)


def _made(changes: Sequence[Change], account: Account) -> int:
    try:
        make(changes, account, _tell)
    except Unfinished as error:
        for line in _unfinished(error):
            click.echo(line, err=True)
        return code_of(error.cause)
    return DONE


def _tell(change: Change) -> None:
    draft = ""
    if change.action is Action.CREATE and _waits(change):
        draft = f" It is a draft: headrace start {change.name} makes it active."
    click.echo(f"{_DONE[change.action]} {change.kind} {change.name}.{draft}")


def _waits(change: Change) -> bool:
    """Whether the flow has a trigger, and nobody said that it is to be active."""
    if change.kind is not Kind.FLOW or any(step.operation == "StartFlow" for step in change.steps):
        return False
    return change.steps[0].request["triggerConfig"]["triggerType"] != "OnDemand"


def _obstacles(changes: Sequence[Change], *, may_replace: bool) -> Iterator[str]:
    for change in changes:
        if change.action is Action.REPLACE and not may_replace:
            yield f"The {change.kind} {change.name} must be replaced: add --replace, or give this one another name."
        for name in change.missing:
            yield (
                f"The {change.kind} {change.name} needs {name}: set it in the environment,"
                f" or give --parameter {name}=VALUE."
            )


def _unfinished(error: Unfinished) -> Iterator[str]:
    failed = error.failed
    yield f"{failed.kind} {failed.name}: {line_of(error.cause)}"
    if error.is_undone:
        yield "The flow as it was is there again, without its runs."
    elif error.is_begun and failed.action is Action.REPLACE:
        yield "It was deleted and is not there again: apply its document once more."
    elif error.is_begun:
        yield "A part of its change was made: apply its document once more."
    if error.left:
        yield f"Not done: {', '.join(f'{each.kind} {each.name}' for each in error.left)}."
