"""`headrace lint`: the flow documents of files and folders, for CI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from headrace.cli.common import settings_of
from headrace.cli.documents import Found, parameter_option, read_what_can_be
from headrace.cli.findings import Located, checked, counted, of_faults
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.sarif import sarif
from headrace.clock import SystemClock
from headrace.documents import Fault
from headrace.settings import Settings
from headrace.version import version

_GRAVE = {"error": 2, "warning": 1}


@click.command()
@click.argument("paths", metavar="DIR|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="Lines as compilers print them, JSON, or SARIF 2.1.0.",
)
@click.option("--output-file", type=click.Path(path_type=Path), help="Write there instead of to standard output.")
@parameter_option
def command(
    paths: tuple[Path, ...],
    *,
    strict: bool,
    output: str,
    output_file: Path | None,
    parameters: tuple[tuple[str, str], ...],
) -> int:
    """Check every flow document of the files and folders: CreateFlow's JSON or YAML, templates, Terraform.

    Nothing outside the files is asked; headrace plan asks the source too. Exit code 1 where there is an error, with
    --strict a warning, 0 otherwise.
    """
    settings = settings_of(data=None)
    read, faults = read_what_can_be(paths, dict(parameters), settings)
    found = _found(read, faults, settings)
    text = _text(read, found, output)
    if output_file is None:
        click.echo(text)
    else:
        output_file.write_text(f"{text}\n", encoding="utf-8")
    least = _GRAVE["warning" if strict else "error"]
    return RUN_FAILED if any(_GRAVE.get(each.level, 0) >= least for each in found) else DONE


def _found(read: Found, faults: Sequence[Fault], settings: Settings) -> list[Located]:
    now = SystemClock().now()
    found = list(of_faults(faults))
    return found + [each for document in read.documents for each in checked(document, settings, now)]


def _text(read: Found, found: Sequence[Located], output: str) -> str:
    if output == "json":
        return json.dumps({"findings": [each.to_document() for each in found]}, indent=2, ensure_ascii=False)
    if output == "sarif":
        return json.dumps(sarif(found, version()), indent=2, ensure_ascii=False)
    documents = len(read.documents)
    return "\n".join([*(each.line for each in found), f"{documents} document{'s'[: documents != 1]}: {counted(found)}"])
