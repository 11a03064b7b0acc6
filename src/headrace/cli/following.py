"""Waiting for the end of a run of a flow that is served."""

from __future__ import annotations

import threading

import click

from headrace.cli.asking import ENDED, executions_path, line_of
from headrace.cli.calling import Api
from headrace.cli.main import DONE, RUN_FAILED
from headrace.errors import Stop

_LOOK_S = 0.5


def followed(api: Api, flow: str, execution_id: str) -> int:
    """Wait for the end of the run, and tell it; what it ended as, as an exit code."""
    pause = threading.Event()
    while True:
        found = api.ask("GET", executions_path(flow, {"ids": execution_id}))["executions"]
        if not found:
            raise Stop(f"The run {execution_id} is gone: its flow was deleted.")
        if found[0]["executionStatus"] in ENDED:
            click.echo(line_of(found[0]), err=True)
            return DONE if found[0]["executionStatus"] == "Successful" else RUN_FAILED
        pause.wait(_LOOK_S)
