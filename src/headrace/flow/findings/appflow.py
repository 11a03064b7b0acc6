"""What headrace takes and AppFlow does not, or has less of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from headrace.connector_sdk.catalog import CATALOG
from headrace.flow.endpoints import WITHOUT_PROFILE
from headrace.flow.faults import listed, shown
from headrace.flow.findings.finding import Finding
from headrace.flow.findings.refused import advice, place_in
from headrace.flow.findings.seen import Seen, SeenTask
from headrace.flow.rules import Rule
from headrace.flow.schedule import Once, Rate, Unit, parse_expression
from headrace.model.check import located

_WITH_EVENTS: Final = frozenset({"Salesforce"})
# How often a source of these frequencies may run, by the shortest that it has.
_FASTEST: Final[Mapping[str, Unit]] = {"BYMINUTE": "minute", "HOURLY": "hour", "DAILY": "day"}
_MINUTES: Final[Mapping[Unit, int]] = {"minute": 1, "hour": 60, "day": 1440, "week": 10_080, "month": 40_320}
_FILTERS: Final = 10
_FILE_BYTES: Final = 125 * 1024 * 1024
# The task properties that each type of task looks at.
_TYPES_OF_A_MAP: Final = frozenset({"SOURCE_DATA_TYPE", "DESTINATION_DATA_TYPE", "DATA_TYPE"})
_PROPERTIES: Final[Mapping[str, frozenset[str]]] = {
    "Arithmetic": frozenset({"MATH_OPERATION_FIELDS_ORDER"}),
    "Filter": frozenset({"DATA_TYPE", "VALUE", "VALUES", "LOWER_BOUND", "UPPER_BOUND"}),
    "Map": _TYPES_OF_A_MAP | {"SUBFIELD_CATEGORY_MAP"},
    "Map_all": _TYPES_OF_A_MAP | {"EXCLUDE_SOURCE_FIELDS_LIST", "INCLUDE_NEW_FIELDS", "SUBFIELD_CATEGORY_MAP"},
    "Mask": frozenset({"MASK_LENGTH", "MASK_VALUE"}),
    "Merge": frozenset({"CONCAT_FORMAT"}),
    "Partition": frozenset({"ORDERED_PARTITION_KEYS_LIST"}),
    "Passthrough": frozenset[str](),
    "Truncate": frozenset({"TRUNCATE_LENGTH"}),
    "Validate": frozenset({"VALIDATION_ACTION"}),
}
# These change a field in place, or let records through.
_WITHOUT_DESTINATION: Final = frozenset(
    {"Filter", "Map_all", "Mask", "Partition", "Passthrough", "Truncate", "Validate"}
)


def of_appflow(seen: Seen) -> Iterator[Finding]:
    """Where a document that headrace takes would fail at AppFlow, or means less there."""
    yield from _beyond(seen)
    yield from _pair(seen)
    yield from _too_often(seen)
    yield from _filters(seen)
    yield from _large(seen)
    yield from _unused(seen)


def _beyond(seen: Seen) -> Iterator[Finding]:
    for violation in located("CreateFlow", seen.document, limits="aws"):
        place = place_in(seen.document, violation.place)
        what = f"AppFlow does not know {shown(violation.shown)}, which headrace takes"
        yield Finding("warning", Rule.BEYOND_APPFLOW, place, what, advice(violation, place))
    source, side = seen.source, seen.destination
    if seen.trigger == "Event" and source.connector_type not in _WITH_EVENTS:
        what = f"AppFlow has events of Salesforce alone, not of {source.connector_type}"
        yield Finding(
            "warning", Rule.BEYOND_APPFLOW, ("triggerConfig", "triggerType"), what, "write OnDemand or Scheduled"
        )
    for task in seen.of_type("Passthrough"):
        if side is not None and side.connector_type != "SAPOData":
            what = "AppFlow has Passthrough tasks for SAPOData destinations"
            yield Finding("warning", Rule.BEYOND_APPFLOW, task.at("taskType"), what, "write a Map_all task")
    if source.properties.get("enableDynamicFieldUpdate", False) and side is not None and side.connector_type != "S3":
        what = "AppFlow follows new fields of Salesforce into S3 alone"
        yield Finding("warning", Rule.BEYOND_APPFLOW, source.at("enableDynamicFieldUpdate"), what, "write false")


def _pair(seen: Seen) -> Iterator[Finding]:
    declared, side = CATALOG.get(seen.source.connector_type), seen.destination
    # Which destinations a custom connector reaches is its own affair.
    if declared is None or side is None or declared.name == "CustomConnector" or not declared.is_source:
        return
    if side.connector_type not in declared.destinations:
        what = f"AppFlow has no flows from {declared.name} to {side.connector_type}; headrace does not mind"
        instead = f"write one of {listed(declared.destinations)}"
        yield Finding("warning", Rule.PAIR, (*side.place, "connectorType"), what, instead)


def _too_often(seen: Seen) -> Iterator[Finding]:
    expression, declared = seen.schedule.get("scheduleExpression", ""), CATALOG.get(seen.source.connector_type)
    try:
        timing = parse_expression(expression)
    except ValueError:
        return
    place = ("triggerConfig", "triggerProperties", "Scheduled", "scheduleExpression")
    if isinstance(timing, Once):
        what = f"how AppFlow spells a run that comes once is not known; {shown(expression)} is headrace's way"
        yield Finding("warning", Rule.BEYOND_APPFLOW, place, what)
    fastest = _FASTEST.get(declared.frequencies[0], "minute") if declared and declared.frequencies else "minute"
    if isinstance(timing, Rate) and timing.count * _MINUTES[timing.unit] < _MINUTES[fastest]:
        what = f"AppFlow runs flows from {seen.source.connector_type} once a {fastest} at most"
        yield Finding("warning", Rule.TOO_OFTEN, place, what, f"write rate(1{fastest}s)")


def _filters(seen: Seen) -> Iterator[Finding]:
    conditions = [task for task in seen.tasks if task.is_condition]
    if len(conditions) > _FILTERS:
        what = f"the flow has {len(conditions)} filters; AppFlow's console takes {_FILTERS}"
        yield Finding("warning", Rule.TOO_MANY_FILTERS, conditions[_FILTERS].at(), what)
    wanted: dict[str, SeenTask] = {}
    for task in conditions:
        values = task.properties.get("VALUES", "")
        if len(values.split("::" if "::" in values else ",")) > _FILTERS:
            what = f"VALUES has more than the {_FILTERS} values that AppFlow's console takes"
            yield Finding("warning", Rule.TOO_MANY_FILTERS, task.at("taskProperties", "VALUES"), what)
        yield from _value(task, wanted)


def _value(task: SeenTask, wanted: dict[str, SeenTask]) -> Iterator[Finding]:
    """`wanted` has the first filter for each field that names one value."""
    value = task.properties.get("VALUE")
    if value is None or len(task.fields) != 1:
        return
    place = task.at("taskProperties", "VALUE")
    if task.operator in {"EQUAL_TO", "CONTAINS"} and "," in value and ", " not in value:
        what = f"VALUE is one value, the text {shown(value)} with its commas"
        yield Finding("note", Rule.ONE_LITERAL, place, what, "write VALUES for one of several", task.fields[0])
    if task.operator != "EQUAL_TO":
        return
    first = wanted.setdefault(task.fields[0], task)
    if first.properties["VALUE"] != value:
        what = f"tasks[{first.index}] asks for another value of the same field; filters count together, so none passes"
        instead = f"write one Filter task with VALUES {shown('::'.join((first.properties['VALUE'], value)))}"
        yield Finding("warning", Rule.NEVER_TRUE, place, what, instead, task.fields[0])


def _large(seen: Seen) -> Iterator[Finding]:
    largest = getattr(seen.source.known, "largest_bytes", 0)
    if largest > _FILE_BYTES:
        what = f"an object of the source has {largest:,} bytes; AppFlow reads objects of at most 125 MB"
        yield Finding("warning", Rule.LARGE_FILE, seen.source.place, what)


def _unused(seen: Seen) -> Iterator[Finding]:
    for side in (seen.source, seen.destination):
        if side is not None and side.profile is not None and side.connector_type in WITHOUT_PROFILE:
            what = f"{side.connector_type} needs no connector profile; the name is ignored"
            yield Finding("note", Rule.UNUSED_MEMBER, (*side.place, "connectorProfileName"), what, "remove it")
    if seen.trigger == "OnDemand" and seen.document["triggerConfig"].get("triggerProperties", {}).get("Scheduled"):
        place = ("triggerConfig", "triggerProperties")
        what = "a flow that runs on demand has no schedule; these properties are ignored"
        yield Finding("note", Rule.UNUSED_MEMBER, place, what, "remove them, or write triggerType Scheduled")
    for task in seen.tasks:
        for name in sorted(task.properties.keys() - _PROPERTIES[task.type]):
            what = f"{task.type} tasks do not look at {name}"
            yield Finding("note", Rule.UNUSED_MEMBER, task.at("taskProperties", name), what, "remove it")
        if task.destination and task.type in _WITHOUT_DESTINATION:
            what = f"{task.type} tasks do not look at destinationField"
            yield Finding("note", Rule.UNUSED_MEMBER, task.at("destinationField"), what, "remove it")
