"""The command `headrace`: its subcommands, loaded when they are called, and its exit codes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import click

from headrace.errors import HeadraceError, ResourceNotFoundException, ValidationException

DONE, RUN_FAILED, BAD_USAGE, NOT_STARTED = 0, 1, 2, 3


@dataclass(frozen=True)
class Lazy:
    """Where a subcommand is found (as `command` of the module), and its line in `--help`."""

    module: str
    help: str


COMMANDS: Mapping[str, Lazy] = MappingProxyType(
    {
        "serve": Lazy("headrace.cli.serve", "Serve the AppFlow API and run its flows."),
        "work": Lazy("headrace.cli.work", "Run flows for the others on one PostgreSQL database, without an API."),
        "run": Lazy("headrace.cli.run", "Run one flow document now, without a server."),
        "start-flow": Lazy("headrace.cli.start_flow", "Run a flow that is served: what is new, or a window."),
        "executions": Lazy("headrace.cli.executions", "List the runs of a flow, by status and time."),
        "rejects": Lazy("headrace.cli.rejects", "Show or download the records that a run rejected."),
        "retry-rejects": Lazy("headrace.cli.retry_rejects", "Run the records that a run rejected again."),
        "backfill": Lazy("headrace.cli.backfill", "Read a span of time in slices; follow, cancel, resume it."),
        "backfills": Lazy("headrace.cli.backfills", "List the backfills of a flow, or of all."),
        "position": Lazy("headrace.cli.position", "Show or set where an incremental flow goes on."),
        "migrate": Lazy("headrace.cli.migrate", "Bring the database to this version's schema."),
        "doctor": Lazy("headrace.cli.doctor", "Look for what keeps headrace from working."),
        "connectors": Lazy("headrace.cli.connectors", "Host custom connectors and test them."),
        "connect": Lazy("headrace.cli.connect", "Connect a connector profile by OAuth 2, with a browser."),
        "keys": Lazy("headrace.cli.keys", "Make, list and delete access keys; seal secrets with a new key."),
    }
)


class LazyGroup(click.Group):
    """A group whose subcommands cost nothing until one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The subcommand; its module is imported now."""
        lazy = COMMANDS.get(cmd_name)
        return None if lazy is None else cast("click.Command", importlib.import_module(lazy.module).command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Print the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])


def _print_version(context: click.Context, _parameter: click.Parameter, is_given: bool) -> None:  # noqa: FBT001
    if is_given:
        click.echo(f"headrace {importlib.import_module('headrace.version').version()}")
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Say the version and exit.",
)
def headrace() -> None:
    """Amazon AppFlow on your own machines.

    Exit codes: 0 done, 1 the run failed, 2 bad usage or a bad document, 3 headrace could not start.
    Settings are environment variables; docs/settings.md describes them.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code. Errors are told on standard error."""
    try:
        answer: Any = headrace.main(args=list(arguments), prog_name="headrace", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except click.Abort:
        return RUN_FAILED
    except (ValidationException, ResourceNotFoundException) as error:
        click.echo(error.message, err=True)
        return BAD_USAGE
    except HeadraceError as error:
        click.echo(error.message, err=True)
        return NOT_STARTED
    return answer if isinstance(answer, int) else DONE
