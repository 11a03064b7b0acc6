"""Fields that are named and not there, read and not written, or made and not used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from headrace.flow.faults import shown
from headrace.flow.findings.finding import Finding
from headrace.flow.findings.seen import Seen, SeenSide, SeenTask, nearest, some
from headrace.flow.findings.sides import Fields, NotAsked
from headrace.flow.rules import Rule
from headrace.flow.tasks.given import names_of

# What a task makes of a field that no record has.
_OUTCOMES: Final[Mapping[str, str]] = {
    "EQUAL_TO": "every record is dropped",
    "CONTAINS": "every record is dropped",
    "LESS_THAN": "every record is dropped",
    "LESS_THAN_OR_EQUAL_TO": "every record is dropped",
    "GREATER_THAN": "every record is dropped",
    "GREATER_THAN_OR_EQUAL_TO": "every record is dropped",
    "BETWEEN": "every record is dropped",
    "NOT_EQUAL_TO": "every record passes",
    "PROJECTION": "nothing is read for it",
}


def of_fields(seen: Seen) -> Iterator[Finding]:
    """What is to be said of the fields that the tasks name."""
    yield from _not_asked(seen)
    yield from _unknown(seen)
    yield from _unprojected(seen)
    yield from _projections(seen)
    yield from _no_projection(seen)
    yield from _no_effect(seen)
    yield from _of_destination(seen)


def _not_asked(seen: Seen) -> Iterator[Finding]:
    for side, part in ((seen.source, "source"), (seen.destination, "destination")):
        if side is not None and isinstance(side.known, NotAsked):
            what = f"the fields of the {part} were not looked at: {side.known.why}"
            yield Finding("note", Rule.NOT_ASKED, side.place, what, side.known.instead)


def _unknown(seen: Seen) -> Iterator[Finding]:
    known = seen.source.known
    if not isinstance(known, Fields) or not known.by_name:
        return
    for task in seen.tasks:
        for name, member, outcome in dict.fromkeys(_named(seen, task)):
            if name not in known.by_name:
                yield _unknown_field(task, name, known, member, outcome)


def _named(seen: Seen, task: SeenTask) -> Iterator[tuple[str, str, str]]:
    """The fields of the source that a task names, in which member, and what comes of those that are not there."""
    for name in seen.reads(task):
        yield name, "sourceFields", _outcome(task)
    for name in _keys(seen, task):
        yield name, "taskProperties.ORDERED_PARTITION_KEYS_LIST", f"every record lies in the folder {name}=null"
    for name in _excluded(task):
        yield name, "taskProperties.EXCLUDE_SOURCE_FIELDS_LIST", "nothing is left out for it"


def _outcome(task: SeenTask) -> str:
    if task.type == "Validate":
        return "every record fails it"
    return _OUTCOMES.get(task.operator, "it counts as empty")


def _unknown_field(task: SeenTask, name: str, known: Fields, member: str, outcome: str) -> Finding:
    meant = nearest(name, tuple(known.by_name))
    first = "" if known.is_whole else "of those objects that were looked into "
    what = f"{first}{known.entity} has no field {shown(name)}, so {outcome}"
    instead = f"write {shown(meant)}" if meant else f"write one of {some(tuple(known.by_name), 12)}"
    return Finding("warning", Rule.UNKNOWN_FIELD, task.at(*member.split(".")), what, instead, name)


def _excluded(task: SeenTask) -> tuple[str, ...]:
    text = task.properties.get("EXCLUDE_SOURCE_FIELDS_LIST") if task.type == "Map_all" else None
    return () if text is None else names_of(text) or ()


def _keys(seen: Seen, task: SeenTask) -> Sequence[str]:
    """The partition keys that are copied from the source, if the task has any."""
    if task.type != "Partition" or not seen.copies_all:
        return ()
    made = {each.destination for each in seen.of_type("Map")}
    named = names_of(task.properties.get("ORDERED_PARTITION_KEYS_LIST", ""))
    return [name for name in named or task.fields if name not in made]


def _unprojected(seen: Seen) -> Iterator[Finding]:
    """Filters and validations see every field; what is written has to be read.

    Source: users' reports of mappings that stay blank.
    """
    if seen.projected is None:
        return
    first = seen.projections[0].index
    for task in seen.of_type("Map", "Merge", "Arithmetic", "Mask", "Truncate"):
        for name in dict.fromkeys(seen.reads(task)):
            if name not in seen.projected:
                what = f"the projection of tasks[{first}] does not read {shown(name)}, so it is written empty"
                instead = f"add {shown(name)} to sourceFields of tasks[{first}]"
                yield Finding("warning", Rule.UNPROJECTED_FIELD, task.at("sourceFields"), what, instead, name)


def _projections(seen: Seen) -> Iterator[Finding]:
    """Fields that are read for nothing, and projections that stand alone."""
    if seen.copies_all:
        return
    if not any(True for _ in seen.of_type("Map")):
        what = "no task writes a field; AppFlow asks most flows for a Map or Map_all task, headrace copies what is read"
        instead = "add a Map_all task, or a Map task for each field"
        yield Finding("warning", Rule.NO_MAPPING, ("tasks",), what, instead)
        return
    used = {name for task in seen.tasks if not task.is_projection for name in task.fields}
    for task in seen.projections:
        unused = [name for name in dict.fromkeys(task.fields) if name not in used]
        if unused:
            what = f"no task writes or looks at {some(unused)}, which the projection reads"
            instead = "add a Map task, or take what nobody needs out of sourceFields"
            yield Finding("warning", Rule.UNUSED_PROJECTION, task.at("sourceFields"), what, instead, _only(unused))


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _no_projection(seen: Seen) -> Iterator[Finding]:
    """Where AppFlow takes a flow without one all the same."""
    is_mapped = any(True for _ in seen.of_type("Map"))
    if seen.copies_all or seen.projections or not is_mapped or seen.source.connector_type != "S3":
        return
    names = dict.fromkeys(name for task in seen.of_type("Map", "Merge", "Arithmetic") for name in seen.reads(task))
    what = "without a projection AppFlow takes the flow and may write the mapped fields empty; headrace reads them"
    instead = f"add a Filter task with the operator PROJECTION for {some(tuple(names), 12)}"
    yield Finding("warning", Rule.NO_PROJECTION, ("tasks",), what, instead)


def _no_effect(seen: Seen) -> Iterator[Finding]:
    """Masks of what nobody writes, and sums that nobody maps."""
    written = {name for task in seen.of_type("Map", "Merge", "Arithmetic") for name in task.fields}
    excluded = {name for task in seen.of_type("Map_all") for name in _excluded(task)}
    is_bare = not written and not seen.copies_all
    for task in seen.of_type("Mask", "Truncate"):
        lost = [name for name in task.fields if name not in written and (not seen.copies_all or name in excluded)]
        if lost and not is_bare:
            what = f"no task writes {shown(lost[0])}, so the {task.type} changes nothing"
            instead = f"add a Map task for {shown(lost[0])}, or remove the {task.type}"
            yield Finding("warning", Rule.NO_EFFECT, task.at("sourceFields"), what, instead, lost[0])
    for task in seen.of_type("Merge", "Arithmetic"):
        others = {
            name for each in seen.of_type("Map", "Merge", "Arithmetic") if each is not task for name in each.fields
        }
        if task.destination and task.destination not in others:
            what = f"no task writes the intermediate field {shown(task.destination)}"
            instead = f"add a Map task with the source field {shown(task.destination)}"
            yield Finding("warning", Rule.NO_EFFECT, task.at("destinationField"), what, instead, task.destination)


def _of_destination(seen: Seen) -> Iterator[Finding]:
    side = seen.destination
    if side is None:
        return
    if not seen.copies_all and any(True for _ in seen.of_type("Map")):
        yield from _ids(seen, side)
    known = side.known
    if not isinstance(known, Fields) or not known.by_name:
        return
    for task in seen.of_type("Map"):
        if task.destination:
            yield from _written(task, task.destination, known)


def _ids(seen: Seen, side: SeenSide) -> Iterator[Finding]:
    written = {task.destination for task in seen.of_type("Map")}
    for name in side.properties.get("idFieldNames", ()):
        if name and name not in written:
            what = f"idFieldNames has {shown(name)}, which no Map task writes, so no record can be found by it"
            instead = f"add a Map task with the destinationField {shown(name)}"
            yield Finding("warning", Rule.ID_FIELD_UNWRITTEN, side.at("idFieldNames"), what, instead, name)


def _written(task: SeenTask, name: str, known: Fields) -> Iterator[Finding]:
    found = known.by_name.get(name)
    if found is None:
        meant = nearest(name, tuple(known.by_name))
        what = f"{known.entity} has no field {shown(name)}, so the destination may refuse the records"
        instead = f"write {shown(meant)}" if meant else f"write one of {some(tuple(known.by_name), 12)}"
        yield Finding("warning", Rule.UNKNOWN_DESTINATION_FIELD, task.at("destinationField"), what, instead, name)
    elif not found.is_written:
        what = f"the field {shown(name)} of {known.entity} takes no values"
        yield Finding("warning", Rule.READ_ONLY_FIELD, task.at("destinationField"), what, "remove the Map task", name)
