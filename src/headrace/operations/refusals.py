"""Refusals that several operations share, in one wording."""

from __future__ import annotations

from headrace.errors import ConflictException, ResourceNotFoundException
from headrace.operations.context import Context
from headrace.store import flows, profiles
from headrace.store.flows import FlowHead, FlowRow
from headrace.store.profiles import Profile
from headrace.store.tx import Tx


def flow_head(context: Context, tx: Tx, name: str) -> FlowHead:
    """The caller's flow without its document; raises ResourceNotFoundException if there is none."""
    flow = flows.head(tx, context.caller.account, context.caller.region, name)
    if flow is None:
        raise flow_not_found(name)
    return flow


def whole_flow(context: Context, tx: Tx, name: str) -> FlowRow:
    """The caller's flow; raises ResourceNotFoundException if there is none."""
    flow = flows.get(tx, context.caller.account, context.caller.region, name)
    if flow is None:
        raise flow_not_found(name)
    return flow


def profile(context: Context, tx: Tx, name: str) -> Profile:
    """The caller's connector profile; raises ResourceNotFoundException if there is none."""
    found = profiles.get(tx, context.caller.account, context.caller.region, name)
    if found is None:
        raise profile_not_found(name)
    return found


def profile_not_found(name: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Connector profile {name} not found.")


def flow_not_found(name: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Flow {name} not found.")


def flow_exists(name: str) -> ConflictException:
    return ConflictException(f"Flow {name} already exists.")


def conflict(reason: str) -> ConflictException:
    return ConflictException(f"Conflict executing request: {reason}")
