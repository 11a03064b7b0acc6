"""An account as documents from which it can be made again: secrets are references, never values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from headrace.applying.account import Account
from headrace.applying.flow_changes import NO_KEY, OWNER_TAG
from headrace.applying.references import credentials_of
from headrace.documents import Document, read


def exported(account: Account, *, place: str, names: frozenset[str] = frozenset()) -> Iterator[Document]:
    """Custom connectors, profiles and flows as documents; `names` are the flows meant, empty: all.

    With names, only the profiles and connectors that those flows go through. `place` is where they are from.
    """
    flows = [_flow(place, found) for name in _names(account, names) if (found := account.flow(name)) is not None]
    used = None if not names else _profiles_of(flows)
    profiles = [each for each in account.profiles() if used is None or each["connectorProfileName"] in used]
    labels = {each.get("connectorLabel") for each in profiles}
    connectors = [each for each in account.connectors() if used is None or each.get("connectorLabel") in labels]
    for connector in connectors:
        yield _read(place, connector)
    configurations = {each["connectorLabel"]: each for each in connectors}
    for profile in profiles:
        yield _profile(place, profile, configurations.get(profile.get("connectorLabel", ""), {}))
    yield from flows


def _names(account: Account, names: frozenset[str]) -> list[str]:
    return sorted(names) or [each["flowName"] for each in account.flows()]


def _read(place: str, described: Mapping[str, Any]) -> Document:
    (found,) = read(place, json.dumps(described).encode(), {})
    return found


def _flow(place: str, described: Mapping[str, Any]) -> Document:
    """Without what only AWS, or `headrace apply`, may put there."""
    found = _read(place, described)
    request = dict(found.request)
    tags = {k: v for k, v in request.pop("tags", {}).items() if k != OWNER_TAG and not k.startswith("aws:")}
    if str(request.get("kmsArn", "")).endswith(NO_KEY):
        del request["kmsArn"]
    if not request.get("metadataCatalogConfig"):
        request.pop("metadataCatalogConfig", None)
    return replace(found, request={**request, "tags": tags} if tags else request)


def _profile(place: str, described: Mapping[str, Any], connector: Mapping[str, Any]) -> Document:
    found = _read(place, described)
    config = dict(found.request["connectorProfileConfig"])
    credentials = credentials_of(described, connector)
    if credentials:
        config["connectorProfileCredentials"] = credentials
    return replace(found, request={**found.request, "connectorProfileConfig": config})


def _profiles_of(flows: list[Document]) -> set[str]:
    sides = [
        side
        for flow in flows
        for side in (flow.request["sourceFlowConfig"], *flow.request["destinationFlowConfigList"])
    ]
    return {side["connectorProfileName"] for side in sides if "connectorProfileName" in side}
