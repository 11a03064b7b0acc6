"""Beyond AppFlow's operations: what a run of a flow would do, before there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headrace.clock import from_ms
from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.records import Condition, Query
from headrace.engine.layout import Output, file_name, folder
from headrace.flow.explanation import Explanation, Room, Splitting
from headrace.flow.hints import conditions
from headrace.flow.plan import Plan
from headrace.flow.tasks.names import name_of
from headrace.model.shapes import Document
from headrace.operations.context import Answer, Context, Looker
from headrace.operations.plans import given_in
from headrace.operations.previews import Scope, planned_of, window_of
from headrace.store.store import Store

EXPLAIN = "headrace:ExplainFlow"
# What a process takes beside its engine: Python and its libraries, blocks of files on their way.
_BESIDE_BYTES = 192 * 1024 * 1024
# Of one split so many files are named.
_NAMED_FILES = 256
_EXECUTION = "<executionId>"


def explain_flow(context: Context, store: Store, looker: Looker, request: Document) -> Answer:
    """What a run would do. Raises ValidationException for a document that can't be planned."""
    given = store.read(lambda tx: given_in(context, tx, request)).result()
    return explain(given.document, looker, Scope.of(context), request)


def explain(given: object, looker: Looker, scope: Scope, request: Document) -> Answer:
    """The same of a document; of the request `from` and `to` count."""
    planned, document = planned_of(given, scope.limits, "Explain")

    def named(index: int) -> str:
        place = f"tasks[{index}] " if 0 <= index < len(document["tasks"]) else ""
        return f"{place}{name_of(index, document['tasks'])}"

    window_ms = window_of(scope, request)
    found = looker.explain(planned, scope.account, scope.region, named=named, window_ms=window_ms)
    return told(found, planned, named, scope.now_ms)


def told(found: Explanation, plan: Plan, named: Callable[[int], str], now_ms: int) -> Answer:
    """The explanation as an answer."""
    files = [file for split in found.splitting.splits for file in split]
    asked = {} if found.query is None else {"asked": _asked(found.query, plan, named)}
    statement = found.statement
    return {
        "flowName": plan.flow_name,
        "source": {
            "place": found.place,
            "format": "records" if found.query else str(plan.input),
            "files": len(files),
            "bytes": sum(file.size_bytes for file in files),
        },
        "splits": [_split(number, each) for number, each in enumerate(found.splitting.splits)],
        "splitting": _why(found.splitting, plan, is_of_records=found.query is not None),
        **asked,
        "fields": [{"name": each.name, "type": each.type} for each in statement.fields],
        "typed": _typed(found, len(files)),
        "select": statement.select,
        "columns": [{"name": each.name, "type": each.type} for each in statement.columns],
        "placement": _placement(found.room),
        "memory": _memory(found.room),
        "output": _output(found, plan, now_ms),
    }


def _split(number: int, files: Sequence[SourceFile]) -> Answer:
    return {
        "number": number,
        "fileCount": len(files),
        "bytes": sum(file.size_bytes for file in files),
        "files": [{"name": file.name, "bytes": file.size_bytes} for file in files[:_NAMED_FILES]],
    }


def _why(splitting: Splitting, plan: Plan, *, is_of_records: bool) -> str:
    if is_of_records:
        return "One split: a page of records says where the next one begins, so they are read one after the other."
    if plan.output is not None and plan.output.is_single_file:
        return "One split: aggregationType SingleFile asks for one file of everything."
    size = splitting.most_bytes // 1024**2
    return (
        f"Objects go together, in the order of their keys, up to {size} MiB and {splitting.most_files} objects a split;"
        " a larger object is a split by itself."
    )


def _asked(query: Query, plan: Plan, named: Callable[[int], str]) -> Answer:
    """What the connector is asked for; it may answer more, so every filter is applied here as well."""
    filters = plan.tasks.filters
    unsaid = [named(task.index) for task in filters if not conditions([task])]
    return {
        "entity": query.entity,
        "pageSize": query.page_size,
        **({} if query.fields is None else {"fields": list(query.fields)}),
        "conditions": [_said(each) for each in query.conditions],
        "filteredHereAlone": unsaid,
    }


def _said(condition: Condition) -> str:
    between = " and " if condition.operator == "BETWEEN" else " or "
    return f"{condition.field} {condition.operator} {between.join(condition.values)}"


def _typed(found: Explanation, files: int) -> str:
    if found.not_looked is not None:
        return f"Fields and types are as far as they are told without a look into the source: {found.not_looked}."
    of_all = f"the first {found.looked_files} of {files} objects" if found.looked_files < files else "all objects"
    return f"Fields and types are those of {of_all}."


def _placement(room: Room) -> Answer:
    if room.is_cluster:
        why = (
            "on the Ray cluster of HEADRACE_RAY_ADDRESS, as many splits at a time as its nodes have room for, each on"
            f" {_threads(room.threads)}; here if it can't be had"
        )
        return {"where": "cluster", "why": why}
    here = f"in the process that runs the flow, one split after the other, each on {_threads(room.threads)}"
    why = f": {room.stays_because}" if room.stays_because else ""
    return {"where": "here", "why": f"{here}{why}"}


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _memory(room: Room) -> Answer:
    """An upper bound: what the engine takes depends on the records, but never is more than it may."""
    setting = "HEADRACE_RAY_MEMORY" if room.is_cluster else "HEADRACE_MEMORY_LIMIT"
    return {
        "mostBytes": room.memory_limit_bytes + _BESIDE_BYTES,
        "engineBytes": room.memory_limit_bytes,
        "threads": room.threads,
        "why": (
            f"An upper bound for a split, however much is read: the engine never holds more than {setting}."
            " Beyond it, it works on disk, or the run ends with an error that names the setting. Python, and what is on"
            " its way from and to stores, take the rest; small flows take less."
        ),
    }


def _output(found: Explanation, plan: Plan, now_ms: int) -> Answer:
    destination, output = plan.destinations[0], plan.output
    if plan.writing is not None or output is None:
        entity = f"{plan.writing.profile}/{plan.writing.entity}" if plan.writing else destination.connector_type
        return {"place": entity, "why": "Records go there in batches, each kept once however often it is sent."}
    at = from_ms(now_ms)
    key = folder(output, flow_name=plan.flow_name, execution_id=_EXECUTION, schema_version=1, at=at)
    parts = "".join(f"{name}=…/" for name in found.statement.partition)
    name = file_name(output, execution_id=_EXECUTION, split=0, place=0, at=at)
    files = sum(map(len, found.splitting.splits))
    count: dict[str, Any] = {}
    if not output.target_file_bytes and not parts and not found.query:
        count["mostFiles"] = 1 if output.is_single_file else files
    return {
        "place": f"{destination.connector_type} {output.bucket}/{output.prefix}".rstrip("/"),
        "example": f"s3://{output.bucket}/{key}{parts}{name}",
        **count,
        "why": " ".join(_reasons(output, parts, is_of_records=found.query is not None)),
    }


def _reasons(output: Output, parts: str, *, is_of_records: bool) -> Iterator[str]:
    if output.is_single_file:
        yield "One file, as aggregationType SingleFile asks" + (", for each folder." if parts else ".")
    elif output.target_file_bytes:
        yield f"Files of about {output.target_file_bytes:,} bytes, as targetFileSize asks, of each split by itself."
    elif is_of_records:
        yield "A file for each 64 MiB or so that is read."
    else:
        yield "A file for each object of the source" + (", in each folder that it has records for." if parts else ".")
    yield "An object of whose records none is left makes none."
