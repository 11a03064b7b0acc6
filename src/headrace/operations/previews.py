"""Beyond AppFlow's operations: the first records of a flow before and after its tasks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, cast

from headrace.engine.preview import Preview, Previewed
from headrace.engine.tasks import READING, Tasks
from headrace.errors import ValidationException
from headrace.flow.plan import Plan, PlanFaults, plan
from headrace.flow.tasks.names import name_of
from headrace.log import redacted
from headrace.model.check import check
from headrace.model.codec import SerializationError, decode_as
from headrace.model.shapes import Document, Limits
from headrace.operations.context import Answer, Context, Looker
from headrace.operations.plans import given_in
from headrace.operations.runs import check_order, milliseconds
from headrace.store.store import Store

PREVIEW = "headrace:PreviewFlow"
RECORDS = 20
# Of one value of a record, so many characters are shown, and of a record.
_SHOWN_CHARACTERS = 100_000


class Scope(NamedTuple):
    """Whose profiles and flows, with which limits, and now."""

    account: str
    region: str
    limits: Limits
    now_ms: int

    @classmethod
    def of(cls, context: Context) -> Scope:
        """That of a call."""
        caller = context.caller
        return cls(caller.account, caller.region, context.settings.limits, context.now_ms)


def preview_flow(context: Context, store: Store, looker: Looker, request: Document) -> Answer:
    """What a run would make of the first records. Raises ValidationException for a document that can't be planned."""
    given = store.read(lambda tx: given_in(context, tx, request)).result()
    return preview(given.document, looker, Scope.of(context), request)


def preview(given: object, looker: Looker, scope: Scope, request: Document) -> Answer:
    """The same of a document; of the request `records`, `from` and `to` count."""
    planned, document = planned_of(given, scope.limits)
    window_ms = window_of(scope, request)
    records = request.get("records", RECORDS)
    found = looker.preview(planned, scope.account, scope.region, records=records, window_ms=window_ms)
    return told(found, planned.tasks, document["tasks"])


def planned_of(given: object, limits: Limits, what: str = "Preview") -> tuple[Plan, Document]:
    """The plan of a document, and the document as CreateFlow would keep it.

    Raises ValidationException, which says of `what` it is.
    """
    try:
        document = decode_as("CreateFlowRequest", given)
        check("CreateFlow", document, limits=limits)
        return plan(document), document
    except SerializationError as error:
        raise ValidationException(error.message) from error
    except PlanFaults as faults:
        raise ValidationException(faults.worded(what)) from None


def told(found: Preview, tasks: Tasks, written: Sequence[Document]) -> Answer:
    """The preview as an answer; `written` are the tasks as the document has them."""
    columns = list(_columns(found, tasks))
    sources = {each["name"]: each["source"] for each in columns if "source" in each}
    records = [_record(each, sources, written) for each in found.records]
    return {
        "counts": {
            "read": found.read,
            "written": found.written,
            "rejected": sum(found.rejected.values()),
            "dropped": {str(index): count for index, count in found.dropped.items()},
        },
        "tasks": list(_tasks(found, tasks, written, records)),
        "columns": columns,
        "wouldStop": bool(found.stopped),
        "isCut": found.is_cut,
        "records": records,
    }


def window_of(scope: Scope, request: Document) -> tuple[int, int] | None:
    """What `from` and `to` of the request ask for; None: neither is there."""
    if "from" not in request and "to" not in request:
        return None
    start_ms = milliseconds(request.get("from", 0))
    end_ms = milliseconds(request["to"]) if "to" in request else scope.now_ms
    check_order(start_ms, end_ms)
    return start_ms, end_ms


def _columns(found: Preview, tasks: Tasks) -> Iterator[dict[str, str]]:
    """The columns that are written, each with the field that it is of."""
    for task in tasks.maps:
        yield {"name": task.destination, **({"source": task.source} if task.source in found.fields else {})}
    if tasks.map_all is None and not tasks.passthrough:
        return
    excluded = tasks.map_all.excluded if tasks.map_all else frozenset[str]()
    taken = {task.destination for task in tasks.maps} | excluded
    for name in found.fields:
        if name not in taken and (tasks.projection is None or name in tasks.projection):
            yield {"name": name, "source": name}


def _record(each: Previewed, sources: Mapping[str, str], tasks: Sequence[Document]) -> dict[str, Any]:
    shown: dict[str, Any] = {"file": each.file, "number": each.number, "fate": each.fate}
    if each.task is not None:
        shown |= {"task": each.task} if each.task >= 0 else {}
        shown["by"] = name_of(each.task, tasks)
    if each.reason is not None:
        shown["reason"] = redacted(each.reason)
    shown["before"] = each.before[:_SHOWN_CHARACTERS]
    if each.after is not None:
        shown |= {"after": each.after[:_SHOWN_CHARACTERS], "changed": _changed(each.before, each.after, sources)}
    return shown


def _changed(before: str, after: str, sources: Mapping[str, str]) -> list[str]:
    """The columns whose value is not that of their field; one without a field is made, not changed."""
    given, made = members_of(before), members_of(after)
    return [name for name, value in made.items() if name in sources and not _is_same(given.get(sources[name]), value)]


def members_of(record: str) -> dict[str, Any]:
    """The members of a record's JSON text, numbers as their text; none where it is no object."""
    try:
        found: Any = json.loads(record, parse_int=_text, parse_float=_text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _text(number: str) -> str:
    return number


def _is_same(before: object, after: object) -> bool:
    if before == after or (before == "" and after is None):
        return True
    if isinstance(before, str) and isinstance(after, str):
        try:
            return Decimal(before) == Decimal(after)
        except InvalidOperation:
            return False
    return isinstance(after, bool) and before == json.dumps(after)


def _tasks(
    found: Preview, tasks: Tasks, written: Sequence[Document], records: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """What each task did, those of the flow first."""
    changed = _changed_by(tasks, records)
    known = found.dropped.keys() | found.rejected.keys() | found.stopped.keys() | changed.keys()
    for index in sorted({*range(len(written)), *known}, key=lambda each: (each < READING + 1, abs(each))):
        place = {"index": index} if 0 <= index < len(written) else {}
        did = {"dropped": found.dropped.get(index, 0), "rejected": found.rejected.get(index, 0)}
        yield {**place, "name": name_of(index, written), **did, "changed": changed[index]}


def _changed_by(tasks: Tasks, records: Sequence[Mapping[str, Any]]) -> Counter[int]:
    """In how many of the records shown each task changed a value."""
    counted: Counter[int] = Counter()
    fields = {task.destination: task.source for task in tasks.maps}
    in_place = [*tasks.masks, *tasks.truncates]
    for record in records:
        names: Sequence[str] = record.get("changed", ())
        touched = {fields.get(name, name) for name in names}
        counted.update(task.index for task in in_place if task.field in touched)
        changed = {task.field for task in in_place}
        counted.update(task.index for task in tasks.maps if task.destination in names and task.source not in changed)
    return counted
