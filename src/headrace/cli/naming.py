"""Names of flows that a shell completes."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from headrace.cli.reaching import client_of
from headrace.client import Retrying, Timeouts
from headrace.errors import HeadraceError

# Nobody who has pressed the key waits longer.
_TIMEOUTS = Timeouts(connect_s=1.0, read_s=1.0)
_MOST = 100


def flow_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The flows of the service whose names go on so; none where it does not answer at once."""
    try:
        with client_of(
            url=ctx.params.get("url"),
            region=ctx.params.get("region"),
            profile=ctx.params.get("profile"),
            timeouts=_TIMEOUTS,
            retrying=Retrying(attempts=1),
        ) as client:
            found = client.list_flows(max_results=_MOST).flows or ()
    except HeadraceError:
        return []
    names = {flow.flow_name: flow.flow_status for flow in found if flow.flow_name is not None}
    return [CompletionItem(name, help=status) for name, status in names.items() if name.startswith(incomplete)]


flow_argument = click.argument("flow", metavar="NAME", shell_complete=flow_names)
