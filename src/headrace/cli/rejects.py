"""`headrace rejects`: the records that a run rejected, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from headrace.cli.asking import api_of, execution_path, newest_with_rejects, output_option, url_option
from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.naming import flow_argument
from headrace.errors import Stop

_PAGE = 100


@click.command()
@flow_argument
@click.option("--id", "execution_id", metavar="EXECUTION", help="Of this run.  [the newest that rejected any]")
@click.option("-n", "count", type=click.IntRange(0), default=20, show_default=True, help="How many records to show.")
@click.option("--download", metavar="FILE", help="Write all of them to FILE as JSON Lines; - is standard output.")
@output_option
@url_option
def command(
    flow: str, *, execution_id: str | None, count: int, download: str | None, output: str, url: str | None
) -> int:
    """Show which records a run of the flow NAME rejected: first how many for which reason, then the records.

    `headrace retry-rejects` runs them again, once the flow or the destination is mended.
    """
    api = api_of(url)
    try:
        wanted = execution_id or newest_with_rejects(api, flow)
        if download is not None:
            return _downloaded(api, execution_path(flow, wanted, "rejects/file"), download)
        found = _found(api, flow, wanted, count)
    except Stop as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    if output == "json":
        click.echo(json.dumps({"executionId": wanted, **found}, indent=2))
        return DONE
    for line in _lines(wanted, found):
        click.echo(line)
    return DONE


def _found(api: Api, flow: str, execution_id: str, count: int) -> dict[str, Any]:
    """The answer of the first page, with as many records as asked for."""
    query: dict[str, Any] = {"maxResults": min(max(count, 1), _PAGE)}
    first = api.ask("GET", execution_path(flow, execution_id, "rejects", query))
    rejects, token = list(first["rejects"]), first.pop("nextToken", None)
    while token and len(rejects) < count:
        page = api.ask("GET", execution_path(flow, execution_id, "rejects", {**query, "nextToken": token}))
        rejects, token = rejects + page["rejects"], page.get("nextToken")
    return {**first, "rejects": rejects[:count]}


def _downloaded(api: Api, path: str, target: str) -> int:
    if target == "-":
        api.download(path, sys.stdout.buffer)
        return DONE
    # Beside it first: a download that breaks off must not look whole.
    unfinished = Path(f"{target}.part")
    try:
        with unfinished.open("wb") as file:
            size_bytes = api.download(path, file)
        unfinished.replace(target)
    except OSError as error:
        raise Stop(f"{target} can't be written: {error.strerror}.") from None
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{size_bytes:,} bytes written to {target}", err=True)
    return DONE


def _lines(execution_id: str, found: Mapping[str, Any]) -> Iterator[str]:
    if not found["records"]:
        yield f"Run {execution_id} rejected no record."
        return
    yield f"Run {execution_id} rejected {found['records']:,} records; they are kept at {found['place']}"
    for reason in found["reasons"]:
        yield f"{reason['records']:>9,}  {_by(reason)}: {reason['reason']}"
    if found["summed"] < found["records"]:
        yield f"           (of the first {found['summed']:,} of them)"
    for reject in found["rejects"]:
        yield ""
        yield f"{_where(reject)}{_by(reject)}: {reject['reason']}"
        yield f"    {reject['record']}"
    left = found["records"] - len(found["rejects"])
    if left > 0:
        yield ""
        yield f"{left:,} more: -n shows more of them, --download FILE gives all."


def _by(told: Mapping[str, Any]) -> str:
    return f"tasks[{told['task']}] {told['by']}" if "task" in told else told["by"]


def _where(reject: Mapping[str, Any]) -> str:
    if "file" not in reject:
        return ""
    if "line" in reject:
        return f"{reject['file']}, line {reject['line']}, "
    return f"{reject['file']}, record {reject['recordNumber']}, " if "recordNumber" in reject else f"{reject['file']}, "
