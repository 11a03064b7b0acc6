"""What every way to start a run asks first."""

from __future__ import annotations

from headrace.errors import ServiceQuotaExceededException
from headrace.operations import refusals
from headrace.operations.context import Context
from headrace.store import executions, tags
from headrace.store.tx import Tx

# AppFlow's quota of an account in a region; it holds with HEADRACE_LIMITS=aws only.
MOST_ACTIVE_EXECUTIONS = 1000
# A flow with this tag set to `true` may be started while a run of it is in progress (decision 14).
PARALLEL_RUNS_TAG = "headrace:parallel-runs"


def check_start(context: Context, tx: Tx, name: str, arn: str, *, is_running: bool, may_overlap: bool = True) -> None:
    """Raise ConflictException if the flow runs and its runs may not overlap, ServiceQuotaExceededException."""
    if is_running and not (may_overlap and _may_overlap(context, tx, arn)):
        raise refusals.conflict(f"Flow {name} is already running")
    _check_quota(context, tx)


def _may_overlap(context: Context, tx: Tx, arn: str) -> bool:
    return context.settings.parallel_runs or tags.get(tx, arn).get(PARALLEL_RUNS_TAG) == "true"


def _check_quota(context: Context, tx: Tx) -> None:
    if not context.has_limits:
        return
    caller = context.caller
    if executions.count_active(tx, caller.account, caller.region) >= MOST_ACTIVE_EXECUTIONS:
        raise ServiceQuotaExceededException(
            f"The account {caller.account} has {MOST_ACTIVE_EXECUTIONS} runs in progress in {caller.region}, as many"
            " as AppFlow allows. Wait for some to end, or start headrace without HEADRACE_LIMITS=aws."
        )
