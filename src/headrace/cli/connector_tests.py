"""`headrace connectors test`: the conformance suite over connectors of this headrace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click
from rich.console import Console
from rich.table import Table

from headrace.cli.common import data_option, settings_of
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.owner import serving_owner
from headrace.errors import ValidationException

Json = dict[str, Any]
_STYLES = {"passed": "green", "failed": "bold red", "not applicable": "dim"}
_CAN = (
    ("modes", "can be used as"),
    ("operations", "write operations"),
    ("operators", "operators"),
    ("authentication", "authentication"),
    ("triggers", "triggers"),
    ("frequencies", "frequencies"),
)
_WIDE = 120


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="PROFILE_OR_LABEL...")
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CreateConnectorProfile request with the settings and credentials for a LABEL; it is kept nowhere.",
)
@click.option("--setting", "settings_given", multiple=True, metavar="KEY=VALUE", help="A flow's setting.")
@click.option("--entity", "entities", multiple=True, help="An entity to read.  [all that are listed]")
@click.option(
    "--write",
    "writes",
    multiple=True,
    metavar="ENTITY[=FILE]",
    help="An entity to write records to, which stay there. FILE: JSON of `record`, values that they must have,"
    " `refused`, a record that is not taken, and `idFields`.",
)
@click.option("--once", is_flag=True, help="The connector keeps a batch once: check that.")
@click.option("--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@data_option
def command(
    names: tuple[str, ...],
    profile: Path | None,
    settings_given: tuple[str, ...],
    entities: tuple[str, ...],
    writes: tuple[str, ...],
    output: str,
    data: Path | None,
    *,
    once: bool,
) -> int:
    """Check whether connectors keep the rules that headrace relies on.

    Each is given by a connector profile, or by the LABEL of a registered connector. Nothing is written without
    --write. Exit codes: 0 every rule is kept, 1 some are broken, 2 there is no such connector or file.
    """
    request: Json = {
        "profile": None if profile is None else _read(profile),
        "settings": dict(_pair(each) for each in settings_given),
        "entities": list(entities),
        "write": [_writing(each) for each in writes],
        "keepsBatchesOnce": once,
    }
    if writes:
        click.echo(f"Records are written to {', '.join(each.split('=')[0] for each in writes)}.", err=True)
    with serving_owner(settings_of(data=data)) as act:
        answers = [act("test-connector", {"name": name, **request}) for name in names]
    if output == "json":
        click.echo(json.dumps(answers, indent=2))
    else:
        show(answers, Console(width=None if Console().is_terminal else _WIDE, highlight=False))
    return RUN_FAILED if any(_failed(answer) for answer in answers) else DONE


def show(answers: Sequence[Json], console: Console) -> None:
    """A table of checks for each connector, and what it says that it can do."""
    for answer in answers:
        said: Json = answer["connector"]
        table = Table(title=f"{answer['name']}: {said['name']} {said['version'] or ''}".rstrip(), title_justify="left")
        for column in ("rule", "", "why"):
            table.add_column(column)
        for each in answer["results"]:
            style = _STYLES[each["outcome"]]
            table.add_row(each["meaning"], f"[{style}]{each['outcome']}[/]", _plain(each["reason"]))
        console.print(table)
        for name, words in _CAN:
            console.print(f"{words + ':':<18} {_plain(', '.join(said[name])) or 'none'}")
        console.print(_summary(answer["results"]))


def _summary(results: Sequence[Json]) -> str:
    counts = {outcome: sum(each["outcome"] == outcome for each in results) for outcome in _STYLES}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _failed(answer: Json) -> bool:
    return any(each["outcome"] == "failed" for each in answer["results"])


def _plain(text: str) -> str:
    """Without what the console would take for markup."""
    return text.replace("[", "\\[")


def _pair(given: str) -> tuple[str, str]:
    key, is_there, value = given.partition("=")
    if not is_there or not key:
        raise ValidationException(f"--setting {given!r}: write KEY=VALUE.")
    return key, value


def _writing(given: str) -> Json:
    entity, is_there, file = given.partition("=")
    held = _read(Path(file)) if is_there else {}
    unknown = sorted(held.keys() - {"record", "refused", "idFields"})
    if unknown:
        raise ValidationException(f"{file}: {', '.join(unknown)} is not known: allowed are record, refused, idFields.")
    return {"entity": entity, **held}


def _read(path: Path) -> Json:
    try:
        found: object = json.loads(path.read_bytes())
    except OSError as error:
        raise ValidationException(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ValidationException(f"{path}: this is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValidationException(f"{path}: this is no JSON object.")
    return cast("Json", found)
