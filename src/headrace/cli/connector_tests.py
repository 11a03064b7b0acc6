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
    """A table of checks for each connector, what is wrong in full, and what it says that it can do."""
    for answer in answers:
        said: Json = answer["connector"]
        console.print(
            f"[bold]{_plain(answer['name'])}[/]: {_plain(str(said['name']))} {said['version'] or ''}".rstrip()
        )
        console.print(_checks(answer["results"]))
        for each in answer["results"]:
            if each["outcome"] == "failed":
                console.print(f"[bold red]{each['check']}[/]: {each['meaning']} But: {_plain(each['reason'])}")
        console.print(_abilities(said))
        console.print(_summary(answer["results"]))


def _checks(results: Sequence[Json]) -> Table:
    table = Table("check", "result", "why")
    for each in results:
        why = "see below" if each["outcome"] == "failed" else each["reason"]
        table.add_row(each["check"], f"[{_STYLES[each['outcome']]}]{each['outcome']}[/]", _plain(why))
    return table


def _abilities(said: Json) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, words in _CAN:
        table.add_row(words, _plain(", ".join(said[name])) or "none")
    return table


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
