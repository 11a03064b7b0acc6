"""`headrace preview`: the first records of a flow before and after its tasks, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from headrace.cli.answering import table_of, terminal_width
from headrace.cli.asking import Instant, output_option
from headrace.cli.common import data_option, settings_of
from headrace.cli.documents import parameter_option
from headrace.cli.looking import answer_or_code, endpoint_option, window_of
from headrace.cli.main import DONE, RUN_FAILED
from headrace.operations.previews import PREVIEW, RECORDS, members_of

_MOST = 1000


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-n",
    "records",
    type=click.IntRange(1, _MOST),
    default=RECORDS,
    show_default=True,
    help="Records that pass filters.",
)
@click.option("--from", "start", type=Instant(), help="Of what changed then or later.")
@click.option("--to", "end", type=Instant(), help="Of what changed before; without it now.")
@parameter_option
@endpoint_option
@data_option
@output_option
def command(
    path: Path,
    *,
    records: int,
    start: datetime | None,
    end: datetime | None,
    parameters: tuple[tuple[str, str], ...],
    url: str | None,
    data: Path | None,
    output: str,
) -> int:
    """Show the first records of a flow before and after its tasks.

    The source is read and the tasks are done as in a run, up to the record that -n asks for; what each task dropped,
    rejected and changed is counted. Nothing is written: no object, no run, no position. With --endpoint-url, FILE may
    be the name of a flow that is there.
    """
    asked = {"records": records, **window_of(start, end)}
    answer = answer_or_code(PREVIEW, path, asked, dict(parameters), url, settings_of(data=data))
    if isinstance(answer, int):
        return answer
    if output == "json":
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for line in shown(answer, terminal_width()):
            click.echo(line)
    return RUN_FAILED if answer["wouldStop"] else DONE


def shown(answer: Mapping[str, Any], width: int | None) -> Iterator[str]:
    """The records as a table, what each task did, and the counts."""
    records: Sequence[Mapping[str, Any]] = answer["records"]
    if records:
        yield from table_of("records", list(_rows(answer, records)), width)
    for task in answer["tasks"]:
        did = [f"{verb} {task[verb]:,}" for verb in ("dropped", "rejected") if task[verb]]
        did += [f"changed {task['changed']:,} of the records shown"] if task["changed"] else []
        if did:
            place = f"tasks[{task['index']}] " if "index" in task else ""
            yield f"{place}{task['name']}: {', '.join(did)}"
    yield _counted(answer)


def _rows(answer: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    columns: Sequence[Mapping[str, str]] = answer["columns"]
    has_files = len({record["file"] for record in records}) > 1
    has_reasons = any("reason" in record for record in records)
    for record in records:
        row: dict[str, Any] = {"file": record["file"]} if has_files else {}
        row |= {"#": record["number"], "becomes": _fate(record), **dict(_cells(record, columns))}
        yield {**row, "reason": record.get("reason", "")} if has_reasons else row


def _fate(record: Mapping[str, Any]) -> str:
    if "by" not in record:
        return str(record["fate"])
    place = f"tasks[{record['task']}] " if "task" in record else ""
    return f"{record['fate']}: {place}{record['by']}"


def _cells(record: Mapping[str, Any], columns: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Each column as it is written, with what it was where that is another value."""
    before, after = members_of(record["before"]), members_of(record.get("after", ""))
    if not before and columns:
        # A line that is no record stands in the first column, as it is.
        yield columns[0]["name"], record["before"].strip("\r\n")
        return
    for column in columns:
        name, source = column["name"], column.get("source")
        was = _text(before.get(source)) if source is not None else ""
        if "after" not in record:
            yield name, was
        elif name in record.get("changed", ()):
            yield name, f"{was or 'null'} → {_text(after.get(name)) or 'null'}"
        else:
            yield name, _text(after.get(name))


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _counted(answer: Mapping[str, Any]) -> str:
    counts: Mapping[str, Any] = answer["counts"]
    if not counts["read"]:
        return "There is nothing to read. Nothing was written."
    dropped = sum(counts["dropped"].values())
    said = f"Of {counts['read']:,} records {counts['written']:,} would be written, {dropped:,} dropped"
    said += f" and {counts['rejected']:,} rejected. Nothing was written."
    said += " A run reads on: only a beginning of the source was looked at." if answer["isCut"] else ""
    return f"{said} The run would end with an error, and write nothing." if answer["wouldStop"] else said
