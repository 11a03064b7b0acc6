"""`headrace start-flow`: a run of a flow, with a window or conditions of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import click

from headrace.cli.asking import Instant, executions_path
from headrace.cli.calling import Api
from headrace.cli.following import followed
from headrace.cli.main import DONE
from headrace.cli.naming import flow_argument
from headrace.cli.operations import command_of
from headrace.cli.short import service_options
from headrace.errors import Stop

# Options that only the operation has.
_OPERATIONS_OWN = frozenset({"--flow-name", "--cli-input-json", "--generate-cli-skeleton"})
_OPERATORS: Mapping[str, str] = {
    "=": "EQUAL_TO",
    "!=": "NOT_EQUAL_TO",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL_TO",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_OR_EQUAL_TO",
    "contains": "CONTAINS",
}
_CONDITION = re.compile(
    r"""\s*(?:"([^"]+)"|([^\s"<>=!]+))\s*(<=|>=|!=|=|<|>|\scontains\s)\s*(.*\S)\s*""", re.IGNORECASE
)


class Condition(click.ParamType[dict[str, Any]]):
    """`FIELD OPERATOR VALUE` as a Filter task."""

    name = "condition"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """The task; fails in words."""
        found = _CONDITION.fullmatch(value)
        if found is None:
            self.fail(
                f"{value!r} is no condition; write a field (in double quotes if it has blanks), one of"
                f" {' '.join(_OPERATORS)}, and a value: 'size >= 10'",
                param,
                ctx,
            )
        quoted, plain, sign, operand = found.groups()
        return {
            "taskType": "Filter",
            "sourceFields": [quoted or plain],
            "connectorOperator": {"CustomConnector": _OPERATORS[sign.strip().lower()]},
            "taskProperties": {"VALUE": operand},
        }


class EitherForm(click.Command):
    """`start-flow NAME`, or the AWS CLI's `start-flow --flow-name NAME`, which is AppFlow's own operation."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the arguments as the form that they are of."""
        if any(word.partition("=")[0] in _OPERATIONS_OWN for word in args):
            return command_of("StartFlow").make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


def run_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options of one run."""
    options = (
        click.option("--from", "start", type=Instant(), help="Read what changed then or later."),
        click.option("--to", "end", type=Instant(), help="Read what changed before.  [now, with --from]"),
        click.option("--full-refresh", is_flag=True, help="Read everything."),
        click.option(
            "--where", "conditions", multiple=True, type=Condition(), help="Keep only such records: 'size >= 10'."
        ),
        click.option("--limit", type=click.IntRange(1), help="End with so many records that meet all conditions."),
        click.option("--client-token", help="A start with the same token is the same start.  [a new one]"),
        click.option("--wait", is_flag=True, help="Show the run until its end; the exit code says how it was."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def overriding(asked: Mapping[str, Any]) -> bool:
    """Whether a run is to read something else than the flow says."""
    return any(asked.values())


def run_now(api: Api, flow: str, asked: Mapping[str, Any], client_token: str | None, *, wait: bool) -> int:
    """Run the flow, whatever its trigger is; print the id. Raises Stop."""
    if api.is_aws:
        raise Stop(f"AWS runs a flow only as its document says: headrace start {flow} without such options.")
    bounds = {"from": asked["start"], "to": asked["end"]}
    request: dict[str, Any] = {name: instant.timestamp() for name, instant in bounds.items() if instant is not None}
    request |= {"fullRefresh": asked["full_refresh"], "filters": list(asked["conditions"])}
    request |= {"clientToken": client_token or str(uuid4())}
    request |= {} if asked["limit"] is None else {"limit": asked["limit"]}
    started = api.ask("POST", executions_path(flow), json.dumps(request).encode())
    click.echo(started["executionId"])
    return followed(api, flow, started["executionId"]) if wait else DONE


@click.command(cls=EitherForm)
@flow_argument
@run_options
@service_options
def command(flow: str, *, client_token: str | None, wait: bool, api: Api, **asked: Any) -> int:
    """Start a run of the flow NAME now, whatever its trigger is: headrace start NAME --now.

    Without options it reads what the flow says: if that is Incremental, what changed since its last successful run,
    which then counts as read. With options it reads what they say, and the flow's next incremental run is as if this
    one had not been. Several --where are to be met all at once.

    With --flow-name NAME, or --cli-input-json, it is the AWS CLI's start-flow: AppFlow's StartFlow, which runs a flow
    on demand, activates one with a schedule, and is answered in JSON.
    """
    return run_now(api, flow, asked, client_token, wait=wait)
