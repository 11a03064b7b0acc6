"""Where a value stands in its document."""

from __future__ import annotations

# Linked from the inside out, and spelt only for a fault; None is the document itself.
Place = tuple["Place", str] | None


def spell(place: Place) -> str:
    """A place as AWS spells it: `tasks.2.member.taskType`; members of a list count from 1."""
    names: list[str] = []
    while place is not None:
        place, name = place
        names.append(name)
    return ".".join(reversed(names))
