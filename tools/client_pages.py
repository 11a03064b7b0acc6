"""The pages of docs/client: one a call, in headrace's words."""

from __future__ import annotations

from collections.abc import Iterator

from client_shapes import Field, Shapes, snake
from client_words import EXAMPLES, ITEMS, MEMBERS, OPERATIONS

_RETRIED = frozenset({"InternalServerException", "ThrottlingException"})


def pages(shapes: Shapes) -> Iterator[tuple[str, list[str]]]:
    """Each page's path below docs/client, and its lines after the mark."""
    yield "README.md", list(_index(shapes))
    for name in sorted(shapes.operations):
        yield f"{snake(name).replace('_', '-')}.md", list(_page(shapes, name))


def _index(shapes: Shapes) -> Iterator[str]:
    yield from ("", "# Calls of the client", "", "| method | what it does |", "|---|---|")
    for name in sorted(shapes.operations):
        yield f"| [`{snake(name)}`]({snake(name).replace('_', '-')}.md) | {OPERATIONS[name][0]} |"


def _page(shapes: Shapes, name: str) -> Iterator[str]:
    operation, method = shapes.operations[name], snake(name)
    asked, answered = (shapes.fields(operation[side]["shape"]) for side in ("input", "output"))
    summary, more = OPERATIONS[name]
    yield from ("", f"# {method}", "", f"{summary} {more}")
    yield from ("", f"`{name}` of the API. All calls: [README.md](README.md).")
    yield from ("", "```python", *_spellings(name, asked), "```")
    yield from ("", f"## What it is given: `{name}Input`", "", "| member | type | |", "|---|---|---|")
    yield from (_row(field, "required. " if field.is_required else "") for field in asked)
    yield from ("", f"## What it answers: `{name}Output`", "", "| member | type | |", "|---|---|---|")
    yield from (_row(field, "") for field in answered)
    yield "| `request_id` | `str` | The service's name for the call. |"
    yield from ("", f"## Errors: `{name}Error`", "", "| error | is_retryable |", "|---|---|")
    for error in sorted(each["shape"] for each in operation["errors"]):
        yield f"| [`{error}`](../errors.md) | {'yes' if error in _RETRIED else 'no'} |"
    yield from ("", *_sending(name, asked))


def _spellings(name: str, asked: list[Field]) -> Iterator[str]:
    needed = [(field.name, EXAMPLES[field.wire]) for field in asked if field.is_required]
    method = snake(name)
    if name in ITEMS:
        steps = "".join(f".{member}({value})" for member, value in needed)
        yield f"for item in client.{method}(){steps}.items():"
        yield "    ..."
    elif needed:
        yield f"client.{method}({', '.join(f'{member}={value}' for member, value in needed)})"
        yield f"client.{method}(){''.join(f'.{member}({value})' for member, value in needed)}.send()"
    else:
        yield f"client.{method}().send()"


def _row(field: Field, start: str) -> str:
    kind = field.held.replace("structures.", "").replace("enums.", "")
    return f"| `{field.name}` | `{kind}` | {start}{MEMBERS[field.wire]} |"


def _sending(name: str, asked: list[Field]) -> Iterator[str]:
    if any(field.wire == "clientToken" for field in asked):
        yield "Sent again after a time-out, a broken connection, throttling or a fault of the service: its token makes"
        yield "that safe."
    elif name.startswith(("Describe", "List")):
        yield "Sent again after a time-out, a broken connection, throttling or a fault of the service: it only reads."
    else:
        yield "Sent again only where the service can't have begun it: throttled, or no connection. It has no token that"
        yield "would make a second sending harmless."
