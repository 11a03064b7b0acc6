"""Every finding of a flow document, in the order of the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, cast

from headrace.flow.findings import refused
from headrace.flow.findings.appflow import of_appflow
from headrace.flow.findings.fields import of_fields
from headrace.flow.findings.finding import LEVELS, Finding
from headrace.flow.findings.places import of_places, of_times
from headrace.flow.findings.seen import Seen, seen
from headrace.flow.findings.sides import Known
from headrace.flow.findings.types import of_types
from headrace.flow.plan import Plan
from headrace.model.shapes import Limits

_RULES: Final[tuple[Callable[[Seen], Iterator[Finding]], ...]] = (of_fields, of_types, of_places, of_times, of_appflow)
_ANY_TASK: Final[Mapping[str, object]] = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}
# The parts of a document in the order in which people read them.
_PARTS: Final = ("flowName", "triggerConfig", "sourceFlowConfig", "destinationFlowConfigList", "tasks")


def find(
    given: object, *, now: datetime, limits: Limits = "none", source: Known = None, destination: Known = None
) -> tuple[Finding, ...]:
    """What is to be said of `given`, the parsed JSON of a flow document, whatever it is.

    There are errors exactly where CreateFlow refuses the document for what it says: whether connectors, profiles and
    objects are there is asked elsewhere. `source` and `destination` are the fields of the entities, as far as known.
    """
    document, unreadable = refused.read(given)
    unknown = tuple(refused.unknown_members(given))
    if document is None:
        return ordered((*unreadable, *unknown))
    wrong = tuple(refused.constraints(document, limits))
    if wrong:
        return ordered((*wrong, *unknown))
    _, faults = refused.faults(document)
    whole = seen(document, now, source, destination)
    found = [each for rule in _RULES for each in rule(whole)]
    # One thing is said once: a fault of a place says more than what may come of it.
    taken = {fault.place for fault in faults}
    return ordered((*faults, *unknown, *(each for each in found if each.place not in taken)))


def meaning(given: object, limits: Limits) -> Plan | None:
    """The plan of a flow document that CreateFlow takes, as far as it says; None where there are errors."""
    document, _ = refused.read(given)
    if document is None or any(refused.constraints(document, limits)):
        return None
    return refused.faults(document)[0]


def endpoints(given: object, limits: Limits) -> Plan | None:
    """The same, but for faults among the tasks: where it reads and writes does not depend on them."""
    planned = meaning(given, limits)
    if planned is not None or not isinstance(given, Mapping):
        return planned
    return meaning({**cast("Mapping[str, object]", given), "tasks": [_ANY_TASK]}, limits)


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order of the document, the graver first where they are of one place."""
    return tuple(sorted(found, key=_key))


def _key(found: Finding) -> tuple[object, ...]:
    part = found.place[0] if found.place else ""
    number = _PARTS.index(part) if part in _PARTS else -1
    within = found.place[1] if len(found.place) > 1 and isinstance(found.place[1], int) else -1
    return (number, within, LEVELS.index(found.level))
