"""`headrace run`: one flow document, once, without a server."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import click

from headrace.backend import Backend
from headrace.cli.common import data_option, log_of, settings_of, told_to_stop
from headrace.cli.documents import BadDocument, parameter_option, read_document, told_faults
from headrace.cli.main import BAD_USAGE, DONE, RUN_FAILED
from headrace.cli.one_run import OneRun
from headrace.cli.show import live, summary
from headrace.clock import SystemClock
from headrace.errors import ServiceError, ValidationException
from headrace.model.states import State
from headrace.settings import Settings

_NONE: Mapping[str, str] = {}


@click.command()
@click.argument("document", metavar="FLOW", type=click.Path(path_type=Path))
@parameter_option
@data_option
def command(document: Path, parameters: Sequence[tuple[str, str]], data: Path | None) -> int:
    """Run one flow document now, without a server.

    FLOW is a file with one flow, in any form that docs/documents.md names. The flow is created, or made what the
    document says, in the data folder that `headrace serve` uses too; then it runs once, whatever its trigger is.
    Ctrl-C cancels the run.
    """
    settings = settings_of(data=data)
    try:
        return run_document(document, settings, parameters=dict(parameters))
    except BadDocument as error:
        return told_faults(error)
    except ValidationException as error:
        click.echo(error.message, err=True)
        return BAD_USAGE
    except ServiceError as error:
        click.echo(error.message, err=True)
        return RUN_FAILED


def run_document(
    path: Path,
    settings: Settings,
    entries: Iterable[EntryPoint] | None = None,
    parameters: Mapping[str, str] = _NONE,
) -> int:
    """Run the document in the file; the exit code. Raises BadDocument, SettingsError or a ServiceError.

    `entries` are the connectors that there are, None: those that are installed.
    """
    document = read_document(path, settings, parameters)
    # Its lines would tear the progress bar: only what somebody has to look at.
    log = log_of(settings, least="error")
    backend = Backend(settings, SystemClock(), log=log, entries=entries)
    backend.start()
    try:
        run = OneRun(backend, document)
        with told_to_stop(run.stop):
            return _run(run, settings)
    finally:
        backend.stop()


def _run(run: OneRun, settings: Settings) -> int:
    is_terminal = sys.stderr.isatty()
    verb = run.save_flow()
    click.echo(f"Flow {run.flow_name} {verb} in {settings.data}", err=True)
    for execution_id in run.unfinished():
        click.echo(f"Finishing execution {execution_id}, which was interrupted", err=True)
        with live(is_terminal=is_terminal) as show:
            run.follow(execution_id, show)
    execution_id = run.start()
    with live(is_terminal=is_terminal) as show:
        look = run.follow(execution_id, show)
    for line in summary(look, run.results(execution_id), run.document, settings):
        click.echo(line)
    return DONE if look.execution.state is State.DONE else RUN_FAILED
