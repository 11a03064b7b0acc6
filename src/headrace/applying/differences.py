"""Two documents side by side: where they differ, member by member."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, cast

_SHOWN_CHARACTERS = 160


def pruned(value: Any) -> Any:
    """Without members that are None or empty: AppFlow echoes them, or leaves them out, as it likes."""
    if isinstance(value, Mapping):
        parts = {name: pruned(part) for name, part in cast("Mapping[str, Any]", value).items()}
        return {name: part for name, part in parts.items() if part not in (None, {}, [])}
    return [pruned(part) for part in cast("list[Any]", value)] if isinstance(value, list) else value


def differences(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """A line for each difference: `~` changed, `+` new, `-` gone."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_maps(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after), place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(cast("list[Any]", before), cast("list[Any]", after), place)
    else:
        yield f"~ {place}: {shown(before)} → {shown(after)}"


def shown(value: Any) -> str:
    """The value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _of_maps(before: Mapping[str, Any], after: Mapping[str, Any], place: str) -> Iterator[str]:
    for name in dict.fromkeys((*after, *before)):
        at = f"{place}.{name}" if place else name
        if name not in before:
            yield f"+ {at}: {shown(after[name])}"
        elif name not in after:
            yield f"- {at}: {shown(before[name])}"
        else:
            yield from differences(before[name], after[name], at)


def _of_lists(before: list[Any], after: list[Any], place: str) -> Iterator[str]:
    """What moved among many is gone in one place and new in another: the order of tasks counts."""
    texts = [[json.dumps(part, sort_keys=True) for part in parts] for parts in (before, after)]
    for kind, i, j, k, m in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        both = min(j - i, m - k) if kind == "replace" else 0
        for n in range(both):
            yield from differences(before[i + n], after[k + n], f"{place}[{k + n}]")
        if kind != "equal":
            yield from (f"- {place}[{n}]: {shown(before[n])}" for n in range(i + both, j))
            yield from (f"+ {place}[{n}]: {shown(after[n])}" for n in range(k + both, m))
