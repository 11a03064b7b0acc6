"""Texts with `{names}` in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from headrace.errors import Stop

_NAME = re.compile(r"\{(\w+)\}")


def filled(template: str, values: Mapping[str, str], quoted: Callable[[str], str] = str) -> str:
    """The template with a value in place of each `{name}`. Raises Stop, naming every value that is missing or empty."""
    missing = sorted({name for name in _NAME.findall(template) if not values.get(name)})
    if missing:
        raise Stop(
            f"{template!r} needs {', '.join(missing)}, which the connector profile does not have."
            " Give it as a profile property or credential."
        )
    return _NAME.sub(lambda found: quoted(values[found[1]]), template)


def path_filled(template: str, values: Mapping[str, str]) -> str:
    """As `filled`, each value quoted as one segment of a path: it can't lead elsewhere."""
    return filled(template, values, _segment)


def names_in(template: str) -> tuple[str, ...]:
    """The names that the template asks for."""
    return tuple(_NAME.findall(template))


def matched(template: str, text: str) -> dict[str, str] | None:
    """The values with which the template would be the text, none of them empty; None: it can't be."""
    parts = _NAME.split(template)
    pattern = "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    found = re.fullmatch(pattern, text, re.DOTALL)
    return None if found is None else found.groupdict()


def _segment(value: str) -> str:
    if value in {".", ".."}:
        raise Stop(f"{value!r} can't be a part of a path.")
    return quote(value, safe="")
