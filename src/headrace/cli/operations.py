"""The API's operations as subcommands, spelt as the AWS CLI spells them; each is made when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from headrace.cli.answering import answer_lines, say, terminal_width, with_instants
from headrace.cli.main import DONE
from headrace.cli.members import document_of, option_of, value_of
from headrace.cli.paged import gathered
from headrace.cli.reaching import client_of, told
from headrace.cli.skeleton import skeleton
from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.shapes import Boolean, Integer, ListShape, MapShape, Member, Operation, String, Structure

_OWN = ("endpoint_url", "region", "profile", "output", "query", "cli_input_json", "generate_cli_skeleton")
_PAGING = ("paginate", "max_items", "starting_token")


class OperationCommand(click.Command):
    """A subcommand whose lists take words until the next option."""

    def __init__(self, *, lists: frozenset[str], **members: Any) -> None:
        super().__init__(**members)
        self._lists = lists

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each word of a list its own option, which is how click has them."""
        return super().parse_args(ctx, list(_one_by_one(args, self._lists)))


def command_of(name: str) -> OperationCommand:
    """The subcommand of an operation, which is named as in the model."""
    operation = OPERATIONS[name]
    members = members_of(operation.input)
    is_paged = any(member.name == "nextToken" for member in members_of(operation.output))
    lists = frozenset(f"--{option_of(each.name)}" for each in members if isinstance(SHAPES[each.shape], ListShape))
    snake = option_of(name).replace("-", "_")
    about = str(import_module(f"headrace.client.operations.{snake}").__doc__).partition(": ")[2]
    return OperationCommand(
        name=option_of(name),
        lists=lists,
        help=f"{about[:1].upper()}{about[1:]}\n\nAs the AWS CLI has it; docs/cli.md says where the call goes.",
        params=[*map(_option, members), *_own_options(), *(_paging_options() if is_paged else ())],
        callback=partial(_called, operation, is_paged),
    )


def members_of(structure: str) -> tuple[Member, ...]:
    """The members of a structure."""
    shape = SHAPES[structure]
    return shape.members if isinstance(shape, Structure) else ()


def _called(operation: Operation, is_paged: bool, **given: Any) -> int:  # noqa: FBT001 (bound, not called)
    if given["generate_cli_skeleton"]:
        shape = operation.input if given["generate_cli_skeleton"] == "input" else operation.output
        click.echo(json.dumps(skeleton(shape), indent=4))
        return DONE
    document = _document(operation, given)
    return told(partial(_answered, operation, document, is_paged, given))


def _answered(operation: Operation, document: Mapping[str, Any], is_paged: bool, given: Mapping[str, Any]) -> int:  # noqa: FBT001 (see _called)
    module = import_module(f"headrace.client.operations.{option_of(operation.name).replace('-', '_')}")
    asked = getattr(module, f"{operation.name}Input").from_document(document)
    with client_of(url=given["endpoint_url"], region=given["region"], profile=given["profile"]) as client:
        is_whole = is_paged and given["paginate"] and not document.keys() & {"maxResults", "nextToken"}
        if is_whole:
            answer = gathered(client, asked, most=given["max_items"], start=given["starting_token"])
        else:
            answer = client.send(asked).to_document()
    shown = _queried(with_instants(answer, operation.output), given["query"])
    say(answer_lines(shown, given["output"], width=terminal_width()))
    return DONE


def _document(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, over what --cli-input-json says. Fails in words."""
    found: dict[str, Any] = {}
    if given["cli_input_json"] is not None:
        found |= _read("cli-input-json", lambda: document_of(given["cli_input_json"]))
    for member in members_of(operation.input):
        option = option_of(member.name)
        value = given[option.replace("-", "_")]
        if isinstance(value, bool):
            found[member.name] = value
        elif value:
            found[member.name] = _read(option, partial(value_of, value, member.shape))
        elif member.is_required and member.name not in found:
            raise click.UsageError(f"Missing option '--{option}'. Give it, or a document by --cli-input-json.")
    return found


def _read(option: str, read: Any) -> Any:
    try:
        return read()
    except ValueError as error:
        raise click.UsageError(f"Invalid value for '--{option}': {error}") from None


def _queried(answer: Any, query: str | None) -> Any:
    if query is None:
        return answer
    try:
        jmespath = import_module("jmespath")
    except ModuleNotFoundError:
        raise click.UsageError("--query needs jmespath: pip install jmespath") from None
    return jmespath.search(query, answer)


def _one_by_one(args: Sequence[str], lists: frozenset[str]) -> Iterator[str]:
    option = None
    for number, word in enumerate(args):
        if word.startswith("-") and word != "-":
            option = word if word in lists else None
            if option is None or not args[number + 1 :] or args[number + 1].startswith("--"):
                yield word
        elif option is not None:
            yield f"{option}={word}"
        else:
            yield word


def _option(member: Member) -> click.Option:
    option, shape = option_of(member.name), SHAPES[member.shape]
    needed = "Required. " if member.is_required else ""
    if isinstance(shape, Boolean):
        return click.Option([f"--{option}/--no-{option}"], default=None, help=needed or None)
    metavar = _METAVARS.get(type(shape), "TEXT")
    # A list is given one by one; of anything else the last word holds.
    return click.Option([f"--{option}"], multiple=True, metavar=metavar, help=f"{needed}{_about(shape)}" or None)


_METAVARS: Mapping[type, str] = {Structure: "JSON", MapShape: "JSON", ListShape: "JSON...", Integer: "INTEGER"}


def _about(shape: Any) -> str:
    if isinstance(shape, String) and shape.enum:
        return f"One of {', '.join(shape.enum)}."
    if isinstance(shape, ListShape):
        return "One by one, or as a JSON array, or file://PATH."
    return "JSON, key=value,…, or file://PATH." if isinstance(shape, Structure | MapShape) else ""


def _own_options() -> tuple[click.Option, ...]:
    forms = click.Choice(["json", "table", "text"])
    return (
        click.Option(["--cli-input-json"], metavar="JSON", help="All members as one document, or file://PATH."),
        click.Option(
            ["--generate-cli-skeleton"],
            is_flag=False,
            flag_value="input",
            type=click.Choice(["input", "output"]),
            help="Print such a document to fill in, and call nothing.",
        ),
        click.Option(["--endpoint-url"], metavar="URL", help="[AWS_ENDPOINT_URL_APPFLOW, else this machine]"),
        click.Option(["--region"], help="The region to sign for.  [AWS_REGION, AWS_DEFAULT_REGION]"),
        click.Option(["--profile"], help="A profile of AWS's shared files (needs botocore)."),
        click.Option(["--output"], type=forms, default="json", show_default=True, help="How the answer is shown."),
        click.Option(["--query"], metavar="JMESPATH", help="Show only this of the answer."),
    )


def _paging_options() -> tuple[click.Option, ...]:
    return (
        click.Option(["--paginate/--no-paginate"], default=True, help="All pages as one answer, or one page."),
        click.Option(["--max-items"], type=click.IntRange(1), help="So many at most; nextToken leads to the rest."),
        click.Option(["--starting-token"], help="Go on where a nextToken leads."),
    )
