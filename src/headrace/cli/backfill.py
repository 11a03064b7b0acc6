"""`headrace backfill`: a span of time in slices: start, show, resume, cancel."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import uuid4

import click

from headrace.cli.asking import Instant, api_of, flow_path, output_option, url_option
from headrace.cli.backfill_shown import ENDED, line_of, lines_of, live
from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.naming import flow_argument
from headrace.cli.start_flow import Condition
from headrace.errors import Stop

_LOOK_S = 0.5
_NUMBER = re.compile("[1-9][0-9]{0,14}")


class _Group(click.Group):
    """What is none of its commands is the name of a flow to start a backfill of."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with `start` put in where it was left out."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["start", *args]
        return super().parse_args(ctx, args)


class BackfillId(click.ParamType[tuple[str, str]]):
    """`NAME/NUMBER`."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The flow's name and the number; fails in words."""
        flow, _, number = value.rpartition("/")
        if not flow or not _NUMBER.fullmatch(number):
            self.fail(
                f"{value!r} is no id of a backfill; write one as orders/1 (headrace backfills lists them)", param, ctx
            )
        return flow, number


@click.group(cls=_Group)
def command() -> None:
    """Read a span of time in slices, each an execution of the flow.

    headrace backfill NAME --from 2026-01-01 --to 2026-02-01 --every 1d

    A flow that is called as one of the commands below: headrace backfill start NAME.
    """


def _told(ask: Callable[..., int]) -> Callable[..., int]:
    """What the service refuses, on standard error."""

    @wraps(ask)
    def asked(*arguments: Any, **options: Any) -> int:
        try:
            return ask(*arguments, **options)
        except Stop as error:
            click.echo(error.message, err=True)
            return RUN_FAILED

    return asked


@command.command()
@flow_argument
@click.option("--from", "start", type=Instant(), required=True, help="Where the first slice begins.")
@click.option("--to", "end", type=Instant(), help="Where the last slice ends.  [now]")
@click.option("--every", default="1d", show_default=True, help="How long a slice is: 30m, 6h, 1d, 2w, 1mo.")
@click.option("--parallel", type=int, default=4, show_default=True, help="The most slices at a time.")
@click.option("--where", "conditions", multiple=True, type=Condition(), help="Keep only such records: 'size >= 10'.")
@click.option("--stop-on-failure", is_flag=True, help="Queue no more slices once one has failed.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code says how it was.")
@url_option
@_told
def start(
    flow: str,
    *,
    start: datetime,
    end: datetime | None,
    every: str,
    parallel: int,
    conditions: Sequence[Mapping[str, Any]],
    stop_on_failure: bool,
    wait: bool,
    url: str | None,
) -> int:
    """Start a backfill of the flow NAME.

    Its id is printed. The flow's own runs go on beside it, and its position stays where it is. A slice that fails is
    left for `resume`.
    """
    request: dict[str, Any] = {
        "from": start.timestamp(),
        "every": every,
        "parallel": parallel,
        "filters": list(conditions),
        "stopOnFailure": stop_on_failure,
        "clientToken": str(uuid4()),
        **({} if end is None else {"to": end.timestamp()}),
    }
    api = api_of(url)
    backfill = api.ask("POST", flow_path(flow, "backfills"), json.dumps(request).encode())
    click.echo(backfill["backfillId"])
    return _followed(api, backfill, wait=wait)


@command.command()
@click.argument("backfill_id", metavar="ID", type=BackfillId())
@output_option
@url_option
@_told
def show(backfill_id: tuple[str, str], *, output: str, url: str | None) -> int:
    """Show a backfill: its slices, their counts, the first failures."""
    backfill = api_of(url).ask("GET", _path(backfill_id))
    click.echo(json.dumps(backfill, indent=2) if output == "json" else "\n".join(lines_of(backfill)))
    return DONE


@command.command()
@click.argument("backfill_id", metavar="ID", type=BackfillId())
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code says how it was.")
@url_option
@_told
def resume(backfill_id: tuple[str, str], *, wait: bool, url: str | None) -> int:
    """Run what is not done of a backfill.

    The slices of the backfill ID that failed, were cancelled or never ran; never those that succeeded.
    """
    api = api_of(url)
    return _followed(api, api.ask("POST", _path(backfill_id, "/resume")), wait=wait)


@command.command()
@click.argument("backfill_id", metavar="ID", type=BackfillId())
@url_option
@_told
def cancel(backfill_id: tuple[str, str], *, url: str | None) -> int:
    """Cancel a backfill.

    No more slices of the backfill ID are queued, and those that wait or run are cancelled; `resume` takes it up again.
    """
    click.echo(line_of(api_of(url).ask("POST", _path(backfill_id, "/cancel"))))
    return DONE


def _path(backfill_id: tuple[str, str], rest: str = "") -> str:
    flow, number = backfill_id
    return flow_path(flow, f"backfills/{number}{rest}")


def _followed(api: Api, backfill: Mapping[str, Any], *, wait: bool) -> int:
    """Tell what was started; wait for its end if asked to, and tell what it ended as, also as an exit code."""
    if not wait:
        click.echo(line_of(backfill), err=True)
        return DONE
    pause, path = threading.Event(), _path((backfill["flowName"], str(backfill["number"])))
    with live(is_terminal=sys.stderr.isatty()) as showing:
        while backfill["status"] not in ENDED:
            showing(backfill)
            pause.wait(_LOOK_S)
            backfill = api.ask("GET", path)
    click.echo("\n".join(lines_of(api.ask("GET", path))), err=True)
    return DONE if backfill["status"] == "Successful" else RUN_FAILED
