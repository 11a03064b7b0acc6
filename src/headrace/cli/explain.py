"""`headrace explain`: what a run of a flow would do, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import Any

import click

from headrace.cli.asking import Instant, output_option
from headrace.cli.common import data_option, settings_of
from headrace.cli.documents import parameter_option
from headrace.cli.looking import answer_or_code, endpoint_option, window_of
from headrace.cli.main import DONE
from headrace.operations.explains import EXPLAIN

_SPLITS = 20
_WIDTH = 112
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--from", "start", type=Instant(), help="Of what changed then or later.")
@click.option("--to", "end", type=Instant(), help="Of what changed before; without it now.")
@parameter_option
@endpoint_option
@data_option
@output_option
def command(
    path: Path,
    *,
    start: datetime | None,
    end: datetime | None,
    parameters: tuple[tuple[str, str], ...],
    url: str | None,
    data: Path | None,
    output: str,
) -> int:
    """Show what a run would do: its splits, the SELECT of its tasks, where it runs, its memory, the files it makes.

    The source is listed, and beginnings of files are looked into for their fields; of an application the fields are
    asked for, and no record. Nothing is written. With --endpoint-url, FILE may be the name of a flow that is there.
    """
    answer = answer_or_code(EXPLAIN, path, window_of(start, end), dict(parameters), url, settings_of(data=data))
    if isinstance(answer, int):
        return answer
    if output == "json":
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for line in shown(answer):
            click.echo(line)
    return DONE


def shown(answer: Mapping[str, Any]) -> Iterator[str]:
    """The page that people read."""
    yield from _source(answer)
    yield from ("", "Fields, by type:", *_fields(answer["fields"]), *_said(answer["typed"]))
    yield from ("", "The tasks as the engine (DuckDB) gets them; a run counts the verdicts:", "")
    yield from (f"  {line}" for line in answer["select"].splitlines())
    yield from ("", "Written, by type:", *_fields(answer["columns"]), "", f"Where: {answer['placement']['why']}")
    memory = answer["memory"]
    yield f"Memory: at most {size(memory['mostBytes'])}, of which the engine {size(memory['engineBytes'])}."
    yield from _said(memory["why"])
    yield from _output(answer["output"])
    yield "Nothing was written."


def size(count: int) -> str:
    """Bytes as people say them, in powers of 1000."""
    power = 0
    value = float(count)
    while value >= 999.95 and power < len(_UNITS) - 1:
        value, power = value / 1000, power + 1
    return f"{count} bytes" if power == 0 else f"{value:,.1f} {_UNITS[power]}"


def _source(answer: Mapping[str, Any]) -> Iterator[str]:
    source, splits = answer["source"], answer["splits"]
    if "asked" in answer:
        yield f"Flow {answer['flowName']} reads records of {source['place']}."
        yield from _asked(answer["asked"])
        yield from _said(answer["splitting"])
        return
    objects = _counted(source["files"], "object")
    yield (
        f"Flow {answer['flowName']} reads {source['format']} from {source['place']}:"
        f" {objects}, {size(source['bytes'])}, in {_counted(len(splits), 'split')}."
    )
    for split in splits[:_SPLITS]:
        objects = _counted(split["fileCount"], "object")
        yield f"  split {split['number']}: {objects}, {size(split['bytes'])}: {_names(split)}"
    if len(splits) > _SPLITS:
        yield f"  … and {len(splits) - _SPLITS} more; --output json lists them"
    yield from _said(answer["splitting"])


def _names(split: Mapping[str, Any]) -> str:
    """The file, or the first one and the last one."""
    names = [f"{file['name']} ({size(file['bytes'])})" for file in split["files"]]
    if split["fileCount"] <= 2:
        return ", ".join(names)
    last = names[-1] if split["fileCount"] == len(names) else "more"
    return f"{names[0]} … {last}"


def _asked(asked: Mapping[str, Any]) -> Iterator[str]:
    fields: Sequence[str] | None = asked.get("fields")
    yield f"  asked for: {'all fields' if fields is None else ', '.join(fields)}, {asked['pageSize']} records a page"
    if asked["conditions"]:
        yield f"  asked to filter: {'; '.join(asked['conditions'])} (a hint: every filter is applied here as well)"
    if asked["filteredHereAlone"]:
        yield f"  filtered here alone: {', '.join(asked['filteredHereAlone'])}"


def _fields(fields: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not fields:
        yield "  none"
    types = dict.fromkeys(field["type"] for field in fields)
    for type_ in types:
        yield from _said(f"{type_}: {', '.join(field['name'] for field in fields if field['type'] == type_)}")


def _said(text: str) -> Iterator[str]:
    yield from wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _output(output: Mapping[str, Any]) -> Iterator[str]:
    most = f"at most {_counted(output['mostFiles'], 'file')}" if "mostFiles" in output else "files"
    yield f"Output: {most} in {output['place']}" if "example" in output else f"Output: {output['place']}"
    yield from _said(output["why"])
    if "example" in output:
        yield f"  {output['example']}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
