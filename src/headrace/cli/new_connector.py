"""`headrace connectors new`: a project of a connector that works, to be changed into one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from headrace.cli.main import DONE
from headrace.errors import ValidationException

# A connector label that is the name of a Python project too.
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z0-9]+)*", re.ASCII)
_SUFFIX = ".template"
# The folder of the templates that is named as the package.
_PACKAGE = "package"


@click.command()
@click.argument("name")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where the project is to lie.  [NAME, in the current folder]"
)
def command(name: str, folder: Path | None) -> int:
    """Make a project of a connector: NAME is its label.

    It reads and writes the notes of a small example application, passes every check as it is, and says in its README
    how it is hosted, registered and run.
    """
    if not _NAME.fullmatch(name):
        raise ValidationException(f"{name!r} is no name: a letter, then letters and digits, with single hyphens.")
    place = folder or Path(name)
    if place.exists() and any(place.iterdir()):
        raise ValidationException(f"{place} is there already, and not empty. Choose another name, or --folder.")
    words = {"name": name, "package": name.replace("-", "_").lower(), "class": _class_name(name)}
    for path, text in _files(files("headrace.cli") / "templates" / "connector", Path()):
        target = place / Path(*(words["package"] if part == _PACKAGE else part for part in path.parts))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(text, words), encoding="utf-8")
    click.echo(f"{place} is ready: its README.md says what to do next.")
    return DONE


def _files(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        if each.is_dir():
            yield from _files(each, path / each.name)
        elif each.name.endswith(_SUFFIX):
            yield path / each.name.removesuffix(_SUFFIX), each.read_text(encoding="utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{{{name}}}}}", word)
    return text


def _class_name(name: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in name.split("-"))
