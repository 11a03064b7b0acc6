"""Waiting for the end of a run of a flow that is served."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import click

from headrace.cli.asking import ENDED, executions_path, line_of
from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED
from headrace.cli.watching import Moment, Watch, watching
from headrace.client import ExecutionFailed
from headrace.errors import Stop

_LOOK_S = 0.5

_Execution = Mapping[str, Any]


def followed(api: Api, flow: str, execution_id: str) -> int:
    """Show the run until its end, and tell that; what it ended as, as an exit code."""
    follow: Callable[[Api, str, str, Watch], _Execution] = by_records if api.is_aws else by_executions
    try:
        with watching(is_terminal=sys.stderr.isatty()) as watch:
            found = follow(api, flow, execution_id, watch)
    except KeyboardInterrupt:
        click.echo(f"The run goes on: headrace cancel {flow} {execution_id} ends it.", err=True)
        raise
    click.echo(line_of(found), err=True)
    return DONE if found["executionStatus"] == "Successful" else RUN_FAILED


def by_executions(api: Api, flow: str, execution_id: str, watch: Watch) -> _Execution:
    """The run at its end, with what became of its records, which only headrace tells."""
    pause = threading.Event()
    while True:
        found = api.ask("GET", executions_path(flow, {"ids": execution_id}))["executions"]
        if not found:
            raise Stop(f"The run {execution_id} is gone: its flow was deleted.")
        if found[0]["executionStatus"] in ENDED:
            return found[0]
        watch(_moment(found[0]))
        pause.wait(_LOOK_S)


def by_records(api: Api, flow: str, execution_id: str, watch: Watch) -> _Execution:
    """The run at its end, as AppFlow's records have it."""
    with api.client() as client:
        try:
            found = client.wait_for_execution(
                flow, execution_id, on_progress=lambda record: watch(_moment(record.to_document()))
            )
        except ExecutionFailed as error:
            found = error.record
    return found.to_document()


def _moment(execution: _Execution) -> Moment:
    result = execution.get("executionResult", {})
    words = {"InProgress": "running", "CancelStarted": "cancelling"}.get(execution["executionStatus"])
    records, read_bytes = result.get("recordsProcessed", 0), result.get("bytesProcessed", 0)
    return Moment(words or execution["executionStatus"], records, read_bytes)
