"""`headrace doctor`: what a stranger needs to know where something is off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from headrace.cli.asking import output_option
from headrace.cli.common import data_option, database_option, settings_of
from headrace.cli.examining import MARKS, Finding, examined
from headrace.cli.main import DONE, RUN_FAILED
from headrace.errors import SettingsError


@click.command()
@data_option
@database_option
@output_option
def command(data: Path | None, database_url: str | None, output: str) -> int:
    """Look at everything that headrace needs, beside a running one or before a start; nothing is changed.

    Faults are marked with x, what is worth knowing with !. Exit code 1 if there is a fault. Secrets are not shown:
    the page can be passed on.
    """
    findings = _found(data, database_url)
    if output == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        width = max(len(finding.about) for finding in findings)
        for finding in findings:
            click.echo(f"{MARKS[finding.state]} {finding.about:<{width}}  {finding.said}")
    return RUN_FAILED if any(finding.state == "fault" for finding in findings) else DONE


def _found(data: Path | None, database_url: str | None) -> list[Finding]:
    try:
        settings = settings_of(data=data, database_url=database_url)
    except SettingsError as error:
        return [Finding("settings", "fault", line) for line in error.message.splitlines()]
    found: Iterable[Finding] = examined(settings, os.environ)
    return list(found)
