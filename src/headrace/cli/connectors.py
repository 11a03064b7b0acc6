"""`headrace connectors`: where the code of custom connectors runs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from headrace.cli import connector_tests, new_connector
from headrace.cli.common import data_option, settings_of
from headrace.cli.hosting import Given, shown
from headrace.cli.main import BAD_USAGE, DONE, RUN_FAILED
from headrace.cli.owner import owner
from headrace.clock import SystemClock
from headrace.connector_sdk.custom import described
from headrace.connector_sdk.hosts import OnLine
from headrace.connector_sdk.hosts.adapters.host import AdapterHost
from headrace.connector_sdk.hosts.book import HostBook, Place, Surroundings, place_of, to_document
from headrace.errors import ConnectorError, Stop
from headrace.settings import Settings

_LABEL = re.compile(r"[a-zA-Z0-9][\w!@#.-]+", re.ASCII)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ARN = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:\S+", re.ASCII)


@click.group()
def command() -> None:
    """Say where the code of custom connectors runs.

    AppFlow knows a custom connector by the ARN of a Lambda function. Here the ARN stands for a Python handler in a
    process of its own, for an HTTP endpoint, or for a Singer tap or an Airbyte connector. All of this works beside a
    `headrace serve` on the same data folder.
    """


@command.command()
@click.argument("label")
@click.argument("handler", required=False, metavar="[MODULE:HANDLER]")
@click.option("--http", "url", help="The URL of an endpoint that takes AppFlow's requests as JSON, by POST.")
@click.option("--python", default=sys.executable, help="The Python that has the packages of the handler.  [this one]")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Where the modules of the handler lie.  [the current folder]",
)
@click.option("--singer", help="The command line of a Singer tap that you have installed, in quotes.")
@click.option("--airbyte", help="The command line of an Airbyte connector that you have installed, in quotes.")
@click.option("--manifest", type=_FILE, help="The YAML manifest that the Airbyte connector runs.")
@click.option("--config", "configuration", type=_FILE, help="JSON settings that every profile begins with.")
@click.option("--unchecked", is_flag=True, help="Don't ask the connector what it is.")
@data_option
def host(label: str, data: Path | None, *, unchecked: bool, **given: Any) -> int:
    """Host the connector LABEL, and print the ARN to register it with.

    LABEL may be the ARN of a Lambda function itself: its requests come here then.
    """
    settings = settings_of(data=data)
    asked = Given(**given)
    faults = [*_label_faults(label), *asked.faults()]
    if faults:
        click.echo("\n".join(faults), err=True)
        return BAD_USAGE
    place = asked.place()
    arn = label if _ARN.fullmatch(label) else f"arn:aws:lambda:{settings.region}:{settings.account}:function:{label}"
    if not unchecked and not _answers(settings, arn, label, place):
        return RUN_FAILED
    with owner(settings) as act:
        act("host-connector", {"lambdaArn": arn, "place": to_document(place)})
    click.echo(arn)
    return DONE


@command.command(name="list")
@data_option
def list_hosted(data: Path | None) -> int:
    """List the connectors that are hosted here, by ARN."""
    with owner(settings_of(data=data)) as act:
        for arn, document in act("list-hosted-connectors", {})["places"].items():
            click.echo(f"{arn}  {shown(place_of(document))}")
    return DONE


@command.command()
@click.argument("arn", metavar="ARN")
@data_option
def unhost(arn: str, data: Path | None) -> int:
    """Host the connector no longer; it stays registered."""
    with owner(settings_of(data=data)) as act:
        act("unhost-connector", {"lambdaArn": arn})
    return DONE


command.add_command(connector_tests.command, "test")
command.add_command(new_connector.command, "new")


def _label_faults(label: str) -> Generator[str]:
    if not _LABEL.fullmatch(label) and not _ARN.fullmatch(label):
        yield (
            f"{label!r} is no connector label: write two characters or more, a letter or digit first, then letters,"
            " digits and any of _!@#.- (nor is it the ARN of a Lambda function)."
        )


def _answers(settings: Settings, arn: str, label: str, place: Place) -> bool:
    """Whether the connector says what it is; what it prints meanwhile goes to standard error."""
    with _opened(settings, place) as book:
        try:
            connector = book.host(arn)
            said = described(connector, label)
            if isinstance(connector, AdapterHost):
                _check_introduced(connector, label)
        except ConnectorError as error:
            click.echo(f"The connector is not hosted: {error.message}", err=True)
            return False
    modes = " and ".join(str(mode).lower() for mode in said["connectorModes"])
    click.echo(f"{said.get('connectorName')} {said.get('connectorVersion')}: {modes}", err=True)
    return True


def _check_introduced(program: AdapterHost, label: str) -> None:
    """Say so where the program told nothing of itself; raises Stop where it is none of its protocol, by its looks."""
    if program.says_what_it_is():
        return
    if not program.is_recognized():
        raise Stop(
            f"{label} told nothing about itself (--about), and its help (--help) has none of --discover, --catalog and"
            " --properties, so it is no Singer tap as far as can be told. Give the command line of a tap, or"
            " --unchecked if it is one."
        )
    click.echo(
        f"{label} told nothing about itself (it has no --about), so its settings are free-form: whatever profiles name"
        " is passed on.",
        err=True,
    )


@contextmanager
def _opened(settings: Settings, place: Place) -> Generator[HostBook]:
    def on_line(_: str) -> OnLine:
        return lambda line, _: click.echo(line, err=True)

    surroundings = Surroundings(
        settings=settings, environment=os.environ, now=SystemClock().now, on_line=on_line, secrets=lambda _: {}
    )
    book = HostBook(lambda _: place, surroundings)
    try:
        yield book
    finally:
        book.close()
