"""`headrace cluster`: the Ray cluster that large flows are split over, looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from headrace.cli.asking import output_option
from headrace.cli.clustered import Flow, checked
from headrace.cli.common import data_option, settings_of
from headrace.cli.documents import BadDocument, parameter_option, read_document, told_faults
from headrace.cli.examining import MARKS
from headrace.cli.main import DONE, RUN_FAILED
from headrace.flow.plan import plan
from headrace.settings import Settings


@click.group()
def command() -> None:
    """Look at the Ray cluster that HEADRACE_RAY_ADDRESS names."""


@command.command()
@click.argument("paths", metavar="[FLOW]...", nargs=-1, type=click.Path(path_type=Path))
@parameter_option
@data_option
@output_option
def check(paths: tuple[Path, ...], *, parameters: tuple[tuple[str, str], ...], data: Path | None, output: str) -> int:
    """Say whether the cluster can be used, how, and which flows would go there; nothing is run or changed.

    Each FLOW is a file with one flow, in any form that docs/documents.md names; what it would read now is listed.
    Faults are marked with x, what is worth knowing with !. Exit code 1 if there is a fault. docs/cluster.md.
    """
    settings = settings_of(data=data)
    try:
        flows = [_flow(path, parameters, settings) for path in paths]
    except BadDocument as error:
        return told_faults(error)
    findings = list(checked(settings, os.environ, flows))
    if output == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        width = max(len(finding.about) for finding in findings)
        for finding in findings:
            click.echo(f"{MARKS[finding.state]} {finding.about:<{width}}  {finding.said}")
    return RUN_FAILED if any(finding.state == "fault" for finding in findings) else DONE


def _flow(path: Path, parameters: Sequence[tuple[str, str]], settings: Settings) -> Flow:
    document = read_document(path, settings, dict(parameters))
    return Flow(document["flowName"], plan(document))
