"""`headrace convert`: flow documents from one form to another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from headrace.cli.common import settings_of
from headrace.cli.documents import BadDocument, parameter_option, read_paths, told_faults
from headrace.cli.main import BAD_USAGE, DONE
from headrace.documents import FORMS, Document, Kind, write

_ENDINGS: Mapping[str, str] = {
    "json": ".json",
    "yaml": ".yaml",
    "cloudformation": ".template.yaml",
    "cloudformation-json": ".template.json",
    "terraform": ".tf.json",
}
_OF_NO_FILE = re.compile(r"[^\w@#+=.-]+")


@click.command()
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice(list(FORMS)), required=True, help="The form to write.")
@click.option(
    "-o",
    "--output-dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a file a document here.",
)
@parameter_option
def command(paths: Sequence[Path], form: str, folder: Path | None, parameters: Sequence[tuple[str, str]]) -> int:
    """Convert flows, connector profiles and connectors from any form to another.

    Reads what CreateFlow takes (JSON or YAML) and DescribeFlow answers, templates of CloudFormation, a cdk.out folder,
    and what `terraform show -json` prints; docs/documents.md. Prints one text for all, or writes a file a document.
    Secrets are written as references, never as values.
    """
    try:
        found = read_paths(paths, dict(parameters), settings_of(data=None))
        for path in found.passed_over:
            click.echo(f"{path}: passed over, it holds no document", err=True)
        if not found.documents:
            click.echo("There is no flow, connector profile or connector in what was given.", err=True)
            return BAD_USAGE
        put(found.documents, form, folder)
    except BadDocument as error:
        return told_faults(error)
    return DONE


def put(documents: Sequence[Document], form: str, folder: Path | None) -> None:
    """Print the documents as one text, or write a file each to the folder and print its path. Raises BadDocument."""
    if folder is None:
        click.echo(write(documents, form), nl=False)
        return
    texts = dict(_files(documents, form))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
            click.echo(folder / name)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None


def _files(documents: Sequence[Document], form: str) -> Iterator[tuple[str, str]]:
    """Names and texts of the files, one a document; every name once, whatever the file system folds."""
    taken: set[str] = set()
    for each in documents:
        stem = _OF_NO_FILE.sub("-", each.name) or "document"
        kind = "" if each.kind is Kind.FLOW else f".{each.kind.value.rpartition(' ')[2]}"
        choices = (
            f"{stem}{mark}{kind}{_ENDINGS[form]}" for mark in ("", *(f"-{n}" for n in range(2, len(documents) + 2)))
        )
        name = next(name for name in choices if name.casefold() not in taken)
        taken.add(name.casefold())
        yield name, write([each], form)
