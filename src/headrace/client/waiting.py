"""Wait for the end of an execution."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from headrace.client.enums import ExecutionStatus
from headrace.client.errors import ExecutionFailed, WaitTimedOut
from headrace.client.exchange import Exchange, Steps, Wait
from headrace.client.operations.describe_flow_execution_records import DescribeFlowExecutionRecordsInput
from headrace.client.paging import turned
from headrace.client.structures import ExecutionRecord

_FIRST_PAUSE_S = 0.2
_GROWTH = 1.5
# AWS lists an execution a little after it was started.
_UNSEEN_S = 60.0
_GOING_ON = (ExecutionStatus.IN_PROGRESS, ExecutionStatus.CANCEL_STARTED)


def follow(
    exchange: Exchange,
    flow_name: str,
    execution_id: str,
    on_progress: Callable[[ExecutionRecord], object] | None,
    timeout_s: float | None,
    longest_pause_s: float,
) -> Steps[ExecutionRecord]:
    """The record of an execution that was successful. Raises ExecutionFailed, WaitTimedOut, the operation's errors."""
    begun, pause_s, seen = exchange.clock.now(), _FIRST_PAUSE_S, False
    while True:
        record = yield from _found(exchange, flow_name, execution_id)
        if record is not None:
            seen = True
            if on_progress is not None:
                on_progress(record)
            if record.execution_status not in _GOING_ON:
                return _judged(record, flow_name)
        _check_time(exchange.clock.now() - begun, timeout_s, seen=seen, what=f"execution {execution_id} of {flow_name}")
        yield Wait(min(pause_s, longest_pause_s))
        pause_s *= _GROWTH


def _found(exchange: Exchange, flow_name: str, execution_id: str) -> Steps[ExecutionRecord | None]:
    steps = turned(DescribeFlowExecutionRecordsInput(flow_name=flow_name, max_results=100))
    asked = next(steps)
    while True:
        page = yield from exchange.steps(asked)
        for record in page.flow_executions or ():
            if record.execution_id == execution_id:
                return record
        try:
            asked = steps.send(page)
        except StopIteration:
            return None


def _judged(record: ExecutionRecord, flow_name: str) -> ExecutionRecord:
    if record.execution_status == ExecutionStatus.SUCCESSFUL:
        return record
    result = record.execution_result
    said = result.error_info.execution_message if result and result.error_info else None
    name, status = f"{record.execution_id} of {flow_name}", record.execution_status
    raise ExecutionFailed(f"Execution {name} ended as {status}: {said or 'no message'}", record)


def _check_time(passed: timedelta, timeout_s: float | None, *, seen: bool, what: str) -> None:
    passed_s = passed.total_seconds()
    if not seen and passed_s >= _UNSEEN_S:
        raise WaitTimedOut(f"There is no {what}, {passed_s:.0f} s after it was asked for: is the id right?")
    if timeout_s is not None and passed_s >= timeout_s:
        raise WaitTimedOut(f"The {what} has not ended in {timeout_s:g} s; it goes on")
