"""How the status of a flow moves with its trigger."""

from __future__ import annotations

from headrace.store.flows import FlowHead


def first(trigger_type: str) -> str:
    """The status after CreateFlow: a flow with a schedule or an event waits for StartFlow to activate it."""
    return "Active" if trigger_type == "OnDemand" else "Draft"


def after_update(flow: FlowHead, trigger_type: str) -> tuple[str, str | None]:
    """Status and status message after UpdateFlow: kept, unless the trigger type changes (decision 15)."""
    if flow.trigger_type == trigger_type:
        return flow.status, flow.status_message
    return first(trigger_type), None
