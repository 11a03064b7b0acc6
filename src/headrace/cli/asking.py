"""What the subcommands that ask a running headrace about runs share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import click

from headrace.cli.calling import Api
from headrace.cli.common import settings_of
from headrace.cli.reaching import service_url
from headrace.errors import Stop
from headrace.model.states import FINISHED, SHOWN

ENDED = frozenset(SHOWN[state] for state in FINISHED)
output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Lines to read, or JSON."
)
url_option = click.option(
    "--endpoint-url",
    "--url",
    "url",
    metavar="URL",
    help="Where headrace answers.  [AWS_ENDPOINT_URL_APPFLOW, else HEADRACE_HOST and HEADRACE_PORT]",
)


class Instant(click.ParamType[datetime]):
    """ISO 8601, in UTC where it names no zone, or seconds since the epoch."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant; fails in words."""
        try:
            if str(value).isdigit():
                return datetime.fromtimestamp(int(value), UTC)
            found = datetime.fromisoformat(value)
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no instant; write 2026-01-31, 2026-01-31T12:00:00Z or epoch seconds", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def api_of(
    url: str | None,
    environment: Mapping[str, str] = os.environ,
    *,
    region: str | None = None,
    profile: str | None = None,
) -> Api:
    """The service to ask; see `service_url`. Signed for the region of the settings where none is given."""
    address = service_url(url, environment)
    return Api(address, region or settings_of(data=None, environment=environment).region, environment, profile)


def executions_path(flow: str, query: Mapping[str, Any] | None = None) -> str:
    """Where the executions of a flow lie; see `flow_path`."""
    return flow_path(flow, "executions", query)


def flow_path(flow: str, rest: str, query: Mapping[str, Any] | None = None) -> str:
    """Where something of a flow lies; see `path_of`."""
    return path_of(f"flows/{quote(flow, safe='')}/{rest}", query)


def path_of(rest: str, query: Mapping[str, Any] | None = None) -> str:
    """A path under /headrace/v1; members of the query that are None or empty are left out."""
    given = {name: value for name, value in (query or {}).items() if value}
    # Blanks as %20: a plus sign would be signed as it is, and read as a blank.
    text = urlencode(given, quote_via=quote, safe="")
    return f"/headrace/v1/{rest}{'?' if text else ''}{text}"


def execution_path(flow: str, execution_id: str, rest: str, query: Mapping[str, Any] | None = None) -> str:
    """Where something of one execution lies."""
    path, mark, text = executions_path(flow, query).partition("?")
    return f"{path}/{quote(execution_id, safe='')}/{rest}{mark}{text}"


def newest_with_rejects(api: Api, flow: str) -> str:
    """The flow's newest execution that has ended with rejected records. Raises Stop if none of the last 100 has."""
    for execution in api.ask("GET", executions_path(flow, {"maxResults": 100}))["executions"]:
        if execution["executionStatus"] in ENDED and execution["counts"]["rejected"]:
            return str(execution["executionId"])
    raise Stop(f"None of the last runs of flow {flow} rejected a record. Name another with --id.")


def line_of(execution: Mapping[str, Any]) -> str:
    """An execution in a line: id, status, when, what became of the records, its window and its message."""
    if "counts" not in execution:
        return _line_of_record(execution)
    counts = execution["counts"]
    records = {**counts, "dropped": sum(counts["dropped"].values())}
    parts = [
        execution["executionId"],
        f"{execution['executionStatus']:<13}",
        instant_text(execution["queuedAt"]),
        f"{execution['trigger']:<9}",
        ", ".join(f"{fate} {count:,}" for fate, count in records.items()),
    ]
    if "dataPullEndTime" in execution:
        parts.append(window_text(execution["dataPullStartTime"], execution["dataPullEndTime"]))
    return "  ".join([*parts, *([execution["message"]] if "message" in execution else [])])


def _line_of_record(record: Mapping[str, Any]) -> str:
    """The same of what AppFlow itself tells."""
    result = record.get("executionResult", {})
    error = result.get("errorInfo", {})
    counts = f"processed {result.get('recordsProcessed', 0):,}, refused {error.get('putFailuresCount', 0):,}"
    parts = [record["executionId"], f"{record['executionStatus']:<13}", counts, error.get("executionMessage", "")]
    return "  ".join(filter(None, parts))


def window_text(start_s: float, end_s: float) -> str:
    """A window of time; its end is not in it."""
    return f"[{exact_text(start_s)}, {exact_text(end_s)})"


def exact_text(epoch_s: float) -> str:
    """An instant in UTC, to the millisecond where it needs it: given back, it is the same instant."""
    found = datetime.fromtimestamp(epoch_s, UTC)
    return found.isoformat(timespec="milliseconds" if found.microsecond else "seconds").replace("+00:00", "Z")


def instant_text(epoch_s: float) -> str:
    """An instant in UTC, to the second: to be read, and not to be given back."""
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
