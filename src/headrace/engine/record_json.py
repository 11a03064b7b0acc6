"""One JSON object a record, as text made in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence

from headrace.engine.sql import literal


def sparse_record_json(names: Sequence[str], values: Sequence[str], presences: Sequence[str | None]) -> str:
    """As `record_json`, of the members for which `presences` holds, None: always."""
    parts: list[str] = []
    for name, value, presence in zip(names, values, presences, strict=True):
        member = f"concat({literal(json.dumps(name, ensure_ascii=False) + ':')}, {value})"
        parts.append(member if presence is None else f"CASE WHEN {presence} THEN {member} END")
    # Parts that are NULL are passed over.
    return f"concat('{{', concat_ws(',', {', '.join(parts)}), '}}')"


def record_json(names: Sequence[str], values: Sequence[str]) -> str:
    """SQL of one JSON object as text; `values` are SQL of JSON texts that are never NULL."""
    parts: list[str] = []
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        key = f"{',' if place else '{'}{json.dumps(name, ensure_ascii=False)}:"
        parts += [literal(key), value]
    return f"concat({', '.join(parts)}, '}}')" if parts else "'{}'"
