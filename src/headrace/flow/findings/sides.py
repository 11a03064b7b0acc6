"""What is known of the fields of a flow's source and destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.flow.findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Described:
    """One field; `type` None: text, or nobody says. `operators` are those of filters, None: nobody says.

    `is_written` is false where the destination takes no values for it.
    """

    name: str
    type: str | None = None
    operators: tuple[str, ...] | None = None
    is_written: bool = True


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an entity by their names, in order; `entity` is what people call it.

    `is_whole` false: there may be more, in objects that were not looked into. `largest_bytes` is the size of the
    largest object.
    """

    entity: str
    by_name: Mapping[str, Described] = field(default_factory=dict[str, Described])
    is_whole: bool = True
    largest_bytes: int = 0

    @classmethod
    def of(cls, entity: str, found: Iterable[Mapping[str, Any]]) -> Fields:
        """Those of a connector's description, whose shape is ConnectorEntityField."""
        return cls(entity, {each["identifier"]: _described(each) for each in found})


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Nobody could say which fields there are: why not, and what to do."""

    why: str
    instead: str = ""


# None: nobody was to be asked.
Known = Fields | NotAsked | None


def _described(found: Mapping[str, Any]) -> Described:
    detail: Mapping[str, Any] = found.get("supportedFieldTypeDetails", {}).get("v1", {})
    written: Mapping[str, Any] = found.get("destinationProperties", {})
    ways = [written[name] for name in ("isCreatable", "isUpdatable", "isUpsertable") if name in written]
    operators = detail.get("filterOperators")
    return Described(
        found["identifier"],
        detail.get("fieldType"),
        None if operators is None else tuple(operators),
        is_written=any(ways) or not ways,
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the source and the destination of a plan found; `refusals` are what CreateFlow would refuse."""

    source: Known = None
    destination: Known = None
    refusals: tuple[Finding, ...] = ()
