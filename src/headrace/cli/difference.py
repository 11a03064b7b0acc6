"""Documents beside the service that they are for: read, checked, compared, shown."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from headrace.applying import Account, Action, Change, changes_for, pruning, with_secrets
from headrace.cli.common import settings_of
from headrace.cli.documents import BadDocument, parameter_option, read_paths
from headrace.cli.findings import checked
from headrace.clock import SystemClock
from headrace.documents import Document, Kind
from headrace.settings import Settings

_SIGNS: Mapping[Action, str] = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "!", Action.DELETE: "-"}
_WORDS: Mapping[Action, str] = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.KEEP: "as they should be",
}


def document_options(command: Callable[..., int]) -> Callable[..., int]:
    """What is compared: the paths, and how."""
    options = (
        click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, type=click.Path(path_type=Path)),
        parameter_option,
        click.option("--owner", metavar="NAME", help="Tag the flows headrace:owner=NAME, so that --prune knows them."),
        click.option("--prune", is_flag=True, help="Delete the owner's flows that are in no document any more."),
        click.option("--credentials", is_flag=True, help="Send the credentials of profiles that are there, too."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def differing(
    account: Account,
    paths: Sequence[Path],
    parameters: Sequence[tuple[str, str]],
    *,
    owner: str | None,
    prune: bool,
    credentials: bool,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Change, ...]:
    """What has to change, in its order. Raises BadDocument with every fault, before the service is asked."""
    if prune and owner is None:
        raise click.UsageError("--prune deletes flows of an owner: say whose by --owner NAME.")
    documents = _documents(paths, dict(parameters), settings_of(data=None, environment=environment), environment)
    changes = changes_for(documents, account, owner=owner, sends_credentials=credentials)
    return (*changes, *(pruning(documents, account, owner) if prune and owner is not None else ()))


def shown(changes: Sequence[Change]) -> Iterator[str]:
    """What is to change, and a line that sums it up; one line where there is nothing to do."""
    counts = Counter(change.action for change in changes)
    if not any(counts[action] for action in _SIGNS):
        yield f"Nothing to do: {_kinds(changes)} as the documents say."
        return
    for change in changes:
        if change.action is not Action.KEEP:
            yield from _lines(change)
    yield ", ".join(f"{counts[action]} {words}" for action, words in _WORDS.items() if counts[action]) + "."


def told(changes: Sequence[Change]) -> str:
    """The same as JSON."""
    parts: list[dict[str, Any]] = [
        {
            "action": change.action,
            "kind": change.kind,
            "name": change.name,
            "place": None if change.document is None else str(change.document.place),
            "differences": change.lines,
            "reasons": change.reasons,
        }
        for change in changes
    ]
    return json.dumps(parts, indent=2, ensure_ascii=False)


def _lines(change: Change) -> Iterator[str]:
    place = "" if change.document is None else f"  ({change.document.place})"
    must = ": must be replaced" if change.action is Action.REPLACE else ""
    yield f"{_SIGNS[change.action]} {change.kind} {change.name}{must}{place}"
    yield from (f"    {reason}" for reason in change.reasons)
    yield from (f"    {line}" for line in change.lines)


def _kinds(changes: Sequence[Change]) -> str:
    counts = Counter(change.kind for change in changes)
    parts = [f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}" for kind in Kind if counts[kind]]
    return f"{' and '.join(parts)} {'is' if len(changes) == 1 else 'are'}"


def _documents(
    paths: Sequence[Path], parameters: Mapping[str, str], settings: Settings, environment: Mapping[str, str]
) -> tuple[Document, ...]:
    found = read_paths(paths, parameters, settings)
    for passed_over in found.passed_over:
        click.echo(f"{passed_over} holds no flow, connector profile or connector.", err=True)
    if not found.documents:
        raise BadDocument([f"{path}: there is no flow, connector profile or connector in it" for path in paths])
    now = SystemClock().now()
    findings = [each for document in found.documents for each in checked(document, settings, now)]
    if faults := [each.line for each in findings if each.level == "error"]:
        raise BadDocument(faults)
    return tuple(with_secrets(each, {**environment, **parameters}) for each in found.documents)
