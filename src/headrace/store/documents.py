"""Documents as the text they are stored as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

# Made once: json.dumps makes an encoder a call.
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


def dumps(document: Mapping[str, Any]) -> str:
    """JSON text in ASCII (a lone surrogate or NUL in a string is no trouble); the order of keys is kept."""
    return _encode(document)


def loads(text: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(text))


def loads_or_none(text: str | None) -> dict[str, Any] | None:
    return None if text is None else loads(text)
