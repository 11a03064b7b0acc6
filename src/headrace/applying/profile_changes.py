"""The document of a connector profile, or of a custom connector, beside what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.applying.change import Action, Change, Step
from headrace.applying.differences import differences, pruned
from headrace.documents import Document

_MOVED: Final = ("connectorType", "connectorLabel")
_PROFILE_UPDATE: Final = ("connectorProfileName", "connectionMode", "connectorProfileConfig")
_CONNECTOR_UPDATE: Final = ("connectorLabel", "description", "connectorProvisioningConfig")

_Described = Mapping[str, Any]


def profile_change(document: Document, described: _Described | None, *, sends_credentials: bool) -> Change:
    """What makes the profile what the document says; credentials are never told, so they can't be compared."""
    request = document.request
    if described is None:
        return _of(Action.CREATE, document, steps=(Step("CreateConnectorProfile", request),))
    lines = tuple(differences(_visible_described(described), _visible(request)))
    if moved := [name for name in _MOVED if request.get(name) != described.get(name)]:
        deletion = Step("DeleteConnectorProfile", {"connectorProfileName": document.name, "forceDelete": True})
        return _of(
            Action.REPLACE,
            document,
            lines=lines,
            reasons=(f"{' and '.join(moved)} can not be updated", "flows that use it fail until it is there again"),
            steps=(deletion, Step("CreateConnectorProfile", request)),
        )
    if sends_credentials and "connectorProfileCredentials" in request["connectorProfileConfig"]:
        lines = (*lines, "~ connectorProfileConfig.connectorProfileCredentials: sent again")
    update = Step("UpdateConnectorProfile", {name: request[name] for name in _PROFILE_UPDATE if name in request})
    return _of(Action.UPDATE, document, lines=lines, steps=(update,)) if lines else _of(Action.KEEP, document)


def connector_change(document: Document, described: _Described | None) -> Change:
    """What makes the custom connector what the document says."""
    request = document.request
    if described is None:
        return _of(Action.CREATE, document, steps=(Step("RegisterConnector", request),))
    there = {"connectorProvisioningConfig": described.get("connectorProvisioningConfig")}
    if "description" in request:
        there["description"] = described.get("connectorDescription")
    wanted = {name: request[name] for name in there if name in request}
    lines = tuple(differences(pruned(there), pruned(wanted)))
    update = Step("UpdateConnectorRegistration", {name: request[name] for name in _CONNECTOR_UPDATE if name in request})
    return _of(Action.UPDATE, document, lines=lines, steps=(update,)) if lines else _of(Action.KEEP, document)


def _of(action: Action, document: Document, **parts: tuple[Any, ...]) -> Change:
    return Change(action, document.kind, document.name, document, **parts)


def _visible(request: Mapping[str, Any]) -> dict[str, Any]:
    properties = request["connectorProfileConfig"].get("connectorProfileProperties", {})
    return pruned({**dict(_heads(request)), "connectorProfileProperties": properties})


def _visible_described(described: _Described) -> dict[str, Any]:
    properties = described.get("connectorProfileProperties", {})
    return pruned({**dict(_heads(described)), "connectorProfileProperties": properties})


def _heads(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, document.get(name)) for name in (*_MOVED, "connectionMode"))
