"""What has to be done so that an account is what documents say; nothing is done here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from headrace.applying.account import Account
from headrace.applying.change import Action, Change, Step
from headrace.applying.flow_changes import OWNER_TAG, flow_change
from headrace.applying.profile_changes import connector_change, profile_change
from headrace.documents import Document, Kind

__all__ = ["OWNER_TAG", "Action", "Change", "changes_for"]

# A profile may be one of a connector's, and a flow goes through profiles.
_ORDER: Final = (Kind.CONNECTOR, Kind.PROFILE, Kind.FLOW)


def changes_for(
    documents: Iterable[Document], account: Account, *, owner: str | None = None, sends_credentials: bool = False
) -> tuple[Change, ...]:
    """A change for each document, in the order in which they can be made; KEEP where there is nothing to do.

    `owner` is whom the flows are tagged as, None: they are not. `sends_credentials` updates profiles whose other
    members are right, too: what a service keeps of credentials can't be compared.
    """
    wanted = sorted(documents, key=lambda each: _ORDER.index(each.kind))
    return tuple(_change(each, account, owner, sends_credentials=sends_credentials) for each in wanted)


def pruning(documents: Iterable[Document], account: Account, owner: str) -> Iterator[Change]:
    """The deletion of each flow that is the owner's and in no document."""
    kept = {each.name for each in documents if each.kind is Kind.FLOW}
    for flow in account.flows():
        if flow.get("tags", {}).get(OWNER_TAG) == owner and flow["flowName"] not in kept:
            yield _deletion(flow, owner)


def _change(document: Document, account: Account, owner: str | None, *, sends_credentials: bool) -> Change:
    if document.kind is Kind.FLOW:
        return flow_change(document, account.flow(document.name), owner)
    if document.kind is Kind.PROFILE:
        return profile_change(document, account.profile(document.name), sends_credentials=sends_credentials)
    return connector_change(document, account.connector(document.name))


def _deletion(flow: dict[str, Any], owner: str) -> Change:
    name = flow["flowName"]
    reasons = (f"it is {owner}'s, and in no document any more; its runs and their records go with it",)
    return Change(Action.DELETE, Kind.FLOW, name, None, (), reasons, (Step("DeleteFlow", _forced(name)),))


def _forced(name: str) -> dict[str, Any]:
    return {"flowName": name, "forceDelete": True}
