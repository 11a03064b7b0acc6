"""`headrace plan`: all that is to be said of flow documents before they are created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from headrace.cli.asking import output_option
from headrace.cli.common import data_option, settings_of
from headrace.cli.documents import parameter_option, read_what_can_be
from headrace.cli.findings import Located, counted, of_answer, of_faults
from headrace.cli.looking import Look, endpoint_option, looking
from headrace.cli.main import BAD_USAGE, DONE, RUN_FAILED
from headrace.documents import Document, Kind
from headrace.errors import ServiceError, Stop
from headrace.operations.plans import PLAN
from headrace.settings import Settings


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@parameter_option
@endpoint_option
@data_option
@output_option
def command(
    paths: tuple[Path, ...], *, parameters: tuple[tuple[str, str], ...], url: str | None, data: Path | None, output: str
) -> int:
    """Say what is wrong or odd in flow documents: the place, and what to write instead.

    Errors are what CreateFlow refuses; warnings what leaves data out, or AppFlow refuses; notes what is good to know.
    The fields of the source and the destination are asked for where they can be. Nothing is created. With
    --endpoint-url, FILE may be the name of a flow that is there. Exit code 2 where there are errors.
    """
    settings = settings_of(data=data)
    try:
        planned = (
            [_of_flow(str(paths[0]), url)] if _is_name(paths, url) else _of_files(paths, parameters, url, settings)
        )
    except (ServiceError, Stop) as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    _show(planned, output)
    return BAD_USAGE if any(each.level == "error" for _, found in planned for each in found) else DONE


Planned = tuple[str, list[Located]]


def _is_name(paths: tuple[Path, ...], url: str | None) -> bool:
    return url is not None and len(paths) == 1 and not paths[0].exists()


def _of_flow(name: str, url: str | None) -> Planned:
    with looking(url, settings_of(data=None), ()) as look:
        return f"flow {name}", list(of_answer(None, name, look(PLAN, {"flowName": name})))


def _of_files(
    paths: tuple[Path, ...], parameters: tuple[tuple[str, str], ...], url: str | None, settings: Settings
) -> list[Planned]:
    found, faults = read_what_can_be(paths, dict(parameters), settings)
    flows = [each for each in found.documents if each.kind is Kind.FLOW]
    unreadable: list[Planned] = [("", list(of_faults(faults)))] if faults else []
    with looking(url, settings, [each.request for each in flows]) as look:
        return [*unreadable, *(_planned(each, look) for each in flows)]


def _planned(flow: Document, look: Look) -> Planned:
    return _title(flow), list(of_answer(flow, flow.name, look(PLAN, {"flow": flow.request})))


def _title(flow: Document) -> str:
    source: Mapping[str, Any] = flow.request.get("sourceFlowConfig", {})
    destinations: list[Mapping[str, Any]] = flow.request.get("destinationFlowConfigList", [])
    sides = [each.get("connectorType") for each in (source, *destinations[:1])]
    way = f", from {' to '.join(map(str, sides))}" if len(sides) == 2 and all(sides) else ""
    return f"{flow.place.file}: flow {flow.name}{way}"


def _show(planned: list[Planned], output: str) -> None:
    if output == "json":
        rows = [each.to_document() for _, found in planned for each in found]
        click.echo(json.dumps({"findings": rows}, indent=2, ensure_ascii=False))
        return
    for title, found in planned:
        if title:
            click.echo(title)
        for each in found:
            for line in each.lines:
                click.echo(line)
        if title:
            click.echo(f"{counted(found)}: {_verdict(found)}")


def _verdict(found: list[Located]) -> str:
    return "CreateFlow refuses it" if any(each.level == "error" for each in found) else "CreateFlow takes it"
