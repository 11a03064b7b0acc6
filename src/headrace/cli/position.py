"""`headrace position`: where an incremental flow goes on, shown and set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from headrace.cli.asking import api_of, exact_text, flow_path, output_option, url_option, window_text
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.naming import flow_argument
from headrace.errors import Stop

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")


@click.command()
@flow_argument
@click.option("--set", "place", metavar="PLACE", help="Go on there: an instant as 2026-01-31T12:00:00Z, or a bookmark.")
@click.option("--bookmark", "is_bookmark", is_flag=True, help="PLACE is a bookmark, though it looks like an instant.")
@click.option("--clear", is_flag=True, help="Go on as if nothing had been read.")
@output_option
@url_option
def command(flow: str, *, place: str | None, is_bookmark: bool, clear: bool, output: str, url: str | None) -> int:
    """Show where the incremental flow NAME goes on, or set it.

    An instant is where its next window begins; a bookmark is what its source calls the place. It is set only while the
    flow does not run.
    """
    if (clear and place is not None) or (is_bookmark and place is None):
        raise click.UsageError("Write --set PLACE, --set PLACE --bookmark, or --clear")
    asked = {"clear": True} if clear else _asked(place, is_bookmark=is_bookmark)
    api, path = api_of(url), flow_path(flow, "position")
    try:
        answer = api.ask("PUT", path, json.dumps(asked).encode()) if asked else api.ask("GET", path)
    except Stop as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    click.echo(json.dumps(answer, indent=2) if output == "json" else "\n".join(_lines(answer)))
    return DONE


def _asked(place: str | None, *, is_bookmark: bool) -> dict[str, Any]:
    if place is None:
        return {}
    if is_bookmark or _DATE.fullmatch(place) is None:
        return {"bookmark": place}
    try:
        found = datetime.fromisoformat(place)
    except ValueError:
        raise click.UsageError(f"{place!r} is no instant; write 2026-01-31T12:00:00Z, or --bookmark with it") from None
    return {"readUntil": (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()}


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    name = answer["flowName"]
    if answer["kind"] == "none":
        read = "what events name" if answer["triggerType"] == "Event" else "everything"
        yield f"Flow {name} keeps no position: each of its runs reads {read} ({answer['triggerType']})."
    elif answer["kind"] == "bookmark":
        yield f"Flow {name} goes on at the bookmark {answer['bookmark']}"
    elif "readUntil" in answer:
        yield f"Flow {name} goes on at {exact_text(answer['readUntil'])}."
    else:
        yield f"Flow {name} has read nothing yet."
    if answer["kind"] == "window":
        yield f"  next window       {window_text(answer['nextWindow']['from'], answer['nextWindow']['to'])}"
    if answer["kind"] != "none":
        tick = exact_text(answer["nextTick"]) if "nextTick" in answer else f"none: the flow is {answer['flowStatus']}"
        yield f"  next tick         {tick}"
        yield f"  failures in a row {answer['failuresInARow']}"
