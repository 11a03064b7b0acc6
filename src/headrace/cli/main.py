"""The command `headrace`: its subcommands, loaded when they are called, and its exit codes."""

from __future__ import annotations

import errno
import importlib
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import click
from click.shell_completion import CompletionItem

from headrace.errors import HeadraceError, ResourceNotFoundException, ValidationException

DONE, RUN_FAILED, BAD_USAGE, NOT_STARTED = 0, 1, 2, 3
# Failures of the store, of files and of buckets have errors of their own: these are of the output.
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Lazy:
    """Where a subcommand is found (as `command` of the module), and its line in `--help`."""

    module: str
    help: str


COMMANDS: Mapping[str, Lazy] = MappingProxyType(
    {
        "serve": Lazy("headrace.cli.serve", "Serve the AppFlow API and run its flows."),
        "work": Lazy("headrace.cli.work", "Run flows beside others on one PostgreSQL, without an API."),
        "convert": Lazy("headrace.cli.convert", "Convert documents: AppFlow's, CloudFormation, CDK, Terraform."),
        "run": Lazy("headrace.cli.run", "Run one flow document now, without a server."),
        "plan": Lazy("headrace.cli.plan", "Say what is wrong with flow documents before they run."),
        "preview": Lazy("headrace.cli.preview", "Show the first records before and after the tasks."),
        "explain": Lazy("headrace.cli.explain", "Show what a run would do: splits, SELECT, memory, files."),
        "lint": Lazy("headrace.cli.lint", "Check the flow documents of folders, for CI."),
        "flows": Lazy("headrace.cli.flows", "List the flows that are served."),
        "flow": Lazy("headrace.cli.flow", "Show a flow: headrace flow show NAME."),
        "diff": Lazy("headrace.cli.diff", "Show what makes the service what flow documents say."),
        "apply": Lazy("headrace.cli.apply", "Make flows, profiles and connectors what documents say."),
        "export": Lazy("headrace.cli.export", "Write what is served as documents, secrets as references."),
        "pull": Lazy("headrace.cli.pull", "Write the flows of an AWS account as documents."),
        "start": Lazy("headrace.cli.start", "Run a flow, or make one with a schedule or events active."),
        "stop": Lazy("headrace.cli.stop", "Let a flow run no more by its schedule or its events."),
        "cancel": Lazy("headrace.cli.cancel", "Cancel runs of a flow."),
        "executions": Lazy("headrace.cli.executions", "List the runs of a flow, by status and time."),
        "logs": Lazy("headrace.cli.logs", "Show how a run went, and what connectors printed for it."),
        "rejects": Lazy("headrace.cli.rejects", "Show or download the records that a run rejected."),
        "retry-rejects": Lazy("headrace.cli.retry_rejects", "Run the records that a run rejected again."),
        "backfill": Lazy("headrace.cli.backfill", "Read a span of time in slices; follow, cancel, resume it."),
        "backfills": Lazy("headrace.cli.backfills", "List the backfills of a flow, or of all."),
        "position": Lazy("headrace.cli.position", "Show or set where an incremental flow goes on."),
        "migrate": Lazy("headrace.cli.migrate", "Bring the database to this version's schema."),
        "doctor": Lazy("headrace.cli.doctor", "Look for what keeps headrace from working."),
        "cluster": Lazy("headrace.cli.cluster", "Say what goes to the Ray cluster, and whether it can."),
        "connectors": Lazy("headrace.cli.connectors", "Host custom connectors and test them."),
        "connect": Lazy("headrace.cli.connect", "Connect a connector profile by OAuth 2, with a browser."),
        "keys": Lazy("headrace.cli.keys", "Make, list, delete access keys; seal secrets anew."),
        "completion": Lazy("headrace.cli.completion", "Print what bash, zsh or fish reads to complete commands."),
    }
)

# An operation that has a form of headrace's own beside the AWS CLI's.
_EITHER: Mapping[str, str] = MappingProxyType({"start-flow": "headrace.cli.start_flow"})

# The API's operations by their names in the model, which takes longer to load than `--help` may.
OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "cancel-flow-executions": "CancelFlowExecutions",
        "create-connector-profile": "CreateConnectorProfile",
        "create-flow": "CreateFlow",
        "delete-connector-profile": "DeleteConnectorProfile",
        "delete-flow": "DeleteFlow",
        "describe-connector": "DescribeConnector",
        "describe-connector-entity": "DescribeConnectorEntity",
        "describe-connector-profiles": "DescribeConnectorProfiles",
        "describe-connectors": "DescribeConnectors",
        "describe-flow": "DescribeFlow",
        "describe-flow-execution-records": "DescribeFlowExecutionRecords",
        "list-connector-entities": "ListConnectorEntities",
        "list-connectors": "ListConnectors",
        "list-flows": "ListFlows",
        "list-tags-for-resource": "ListTagsForResource",
        "register-connector": "RegisterConnector",
        "reset-connector-metadata-cache": "ResetConnectorMetadataCache",
        "start-flow": "StartFlow",
        "stop-flow": "StopFlow",
        "tag-resource": "TagResource",
        "unregister-connector": "UnregisterConnector",
        "untag-resource": "UntagResource",
        "update-connector-profile": "UpdateConnectorProfile",
        "update-connector-registration": "UpdateConnectorRegistration",
        "update-flow": "UpdateFlow",
    }
)


class LazyGroup(click.Group):
    """A group whose subcommands cost nothing until one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the tables."""
        return [*COMMANDS, *OPERATIONS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The subcommand; its module is imported now."""
        module = COMMANDS[cmd_name].module if cmd_name in COMMANDS else _EITHER.get(cmd_name)
        if module is not None:
            return cast("click.Command", importlib.import_module(module).command)
        name = OPERATIONS.get(cmd_name)
        return None if name is None else importlib.import_module("headrace.cli.operations").command_of(name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that go on so, without importing the subcommands."""
        about = {**dict.fromkeys(OPERATIONS, "AppFlow's API"), **{name: lazy.help for name, lazy in COMMANDS.items()}}
        names = [CompletionItem(name, help=text) for name, text in about.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Print the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])
        with formatter.section("AppFlow's API, as the AWS CLI spells it"):
            margin = " " * formatter.current_indent
            names = textwrap.fill(
                ", ".join(OPERATIONS),
                formatter.width,
                initial_indent=margin,
                subsequent_indent=margin,
                break_on_hyphens=False,
            )
            formatter.write(f"{names}\n")


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

    Exit codes: 0 done, 1 the run failed or the service refused, 2 bad usage or a bad document, 3 headrace could not
    start or be reached. Settings are environment variables; docs/settings.md describes them.
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
    except OSError as error:
        if error.errno not in _FULL:
            raise
        click.echo(f"headrace could not write what it had to say: {error.strerror}. Make room there.", err=True)
        return RUN_FAILED
    return answer if isinstance(answer, int) else DONE
