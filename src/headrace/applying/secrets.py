"""Secrets that documents refer to instead of holding them: `${NAME}` in the credentials of a connector profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from headrace.documents import Document, Kind

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def with_secrets(document: Document, values: Mapping[str, str]) -> Document:
    """The document with its references filled in; `missing` names those that have no value, which stay as they are.

    A reference is a whole text: what merely holds one may be a password.
    """
    if document.kind is not Kind.PROFILE:
        return document
    config = document.request.get("connectorProfileConfig", {})
    missing: list[str] = []
    credentials = _filled(config.get("connectorProfileCredentials"), values, missing)
    if credentials is None:
        return document
    request = {**document.request, "connectorProfileConfig": {**config, "connectorProfileCredentials": credentials}}
    return replace(document, request=request, missing=tuple(dict.fromkeys((*document.missing, *missing))))


def _filled(value: Any, values: Mapping[str, str], missing: list[str]) -> Any:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {name: _filled(part, values, missing) for name, part in members.items()}
    if isinstance(value, list):
        return [_filled(part, values, missing) for part in cast("list[Any]", value)]
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    if found[1] not in values:
        missing.append(found[1])
        return value
    return values[found[1]]
