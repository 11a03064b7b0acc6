"""Secrets, and what goes with them, that documents refer to instead of holding them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from headrace.documents import Document, Kind
from headrace.documents.references import settled

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def with_secrets(document: Document, values: Mapping[str, str]) -> Document:
    """The document with its references filled in; `missing` names those that have no value, which stay as they are.

    Beside those to secrets, `${NAME}` in other members of a profile's credentials, such as a user's name. A reference
    is a whole text: what merely holds one may be a password.
    """
    known = settled(document, values)
    config = known.request.get("connectorProfileConfig", {})
    if known.kind is not Kind.PROFILE or "connectorProfileCredentials" not in config:
        return known
    missing = list(known.missing)
    credentials = _filled(config["connectorProfileCredentials"], values, missing)
    request = {**known.request, "connectorProfileConfig": {**config, "connectorProfileCredentials": credentials}}
    return replace(known, request=request, missing=tuple(sorted(set(missing))))


def _filled(value: Any, values: Mapping[str, str], missing: list[str]) -> Any:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {name: _filled(part, values, missing) for name, part in members.items()}
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    if found[1] not in values:
        missing.append(found[1])
        return value
    return values[found[1]]
