"""What an operation holds before it decides: of several at once, on any node, one after the other decides about it.

Taken in this order, so that none waits for another that waits for it: the token, the quota, the resource.
"""

from __future__ import annotations

from headrace.operations.context import Context
from headrace.store.tx import Tx


def hold_flow(context: Context, tx: Tx, name: str) -> None:
    """Let nobody else create, change, start or delete the caller's flow of that name, or queue a run of it."""
    tx.lock(flow_arn(context, name))


def hold_quota(context: Context, tx: Tx, of: str) -> None:
    """Let nobody else add to what AppFlow has a quota of; nothing where quotas do not hold."""
    if context.has_limits:
        tx.lock(f"quota {context.caller.account} {context.caller.region} {of}")


def flow_arn(context: Context, name: str) -> str:
    """The ARN of the caller's flow of that name, whether there is one or not."""
    return f"arn:aws:appflow:{context.caller.region}:{context.caller.account}:flow/{name}"
