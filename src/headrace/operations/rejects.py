"""Beyond AppFlow's operations: the rejected records of an execution, listed and downloaded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, cast

from headrace.connector_sdk.kept_rejects import Kept
from headrace.connector_sdk.reject_lines import RejectLine, document, reject_line, shown
from headrace.connector_sdk.rejects_place import START, Mark, RejectsPlace
from headrace.engine.tasks import DESTINATION, READING
from headrace.errors import ConnectorServerException, ResourceNotFoundException
from headrace.flow.tasks.names import name_of
from headrace.log import redacted
from headrace.model.shapes import Document
from headrace.operations import pages, refusals
from headrace.operations.connector_calls import told
from headrace.operations.context import Answer, Context
from headrace.operations.told import tasks_of
from headrace.store import executions, rejects, revisions
from headrace.store.executions import Execution
from headrace.store.store import Store
from headrace.store.tx import Tx

LIST, FILE = "headrace:ListRejects", "headrace:DownloadRejects"
# The most that is looked through to say which reasons there are, and of a record that is shown.
SUMMED_BYTES = 16 * 1024 * 1024
SHOWN_CHARACTERS = 1000
_MOST_REASONS = 50
# What differs between two reasons of one kind: a value is quoted as JSON is.
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Found:
    """An execution, the tasks that it ran, and where its rejects lie; None: it has none."""

    execution: Execution
    tasks: Sequence[Document]
    kept: Kept | None


def list_rejects(context: Context, store: Store, place: RejectsPlace, request: Document) -> Answer:
    """A page of the rejected records, each with its reason; with the first, how many there are for which reason."""
    found = store.read(lambda tx: find(context, tx, request)).result()
    if found.kept is None:
        return {"records": 0, "reasons": [], "rejects": []}
    kept, at = found.kept, pages.position(context, LIST, request)
    start = START if at is None else Mark(*at)
    lines = told(lambda: list(islice(place.lines(kept, start), pages.page_size(request) + 1)))
    page, more = pages.split(context, LIST, request, lines, lambda line: list(line[1]))
    answer: Answer = {
        "records": kept.records,
        "sizeBytes": kept.size_bytes,
        "place": str(kept),
        "rejects": [_shown(_read(line, kept), found.tasks) for line, _ in page],
        **more,
    }
    return answer if at is not None else {**answer, **_reasons(told(lambda: _first(place, kept)), found)}


def download_rejects(context: Context, store: Store, place: RejectsPlace, request: Document) -> Answer:
    """All rejected records as JSON Lines, in blocks: nothing is answered before the first one could be read."""
    kept = store.read(lambda tx: find(context, tx, request)).result().kept
    blocks = iter(()) if kept is None else place.blocks(kept)
    first = told(lambda: next(blocks, b""))
    return {"blocks": chain((first,), blocks)}


def find(context: Context, tx: Tx, request: Document) -> Found:
    """The execution of the flow that the request names. Raises ResourceNotFoundException."""
    flow = refusals.flow_head(context, tx, request["flowName"])
    execution_id = request["executionId"]
    execution = executions.get(tx, execution_id)
    if execution is None or execution.flow_id != flow.flow_id:
        raise ResourceNotFoundException(f"Flow {flow.name} has no execution {execution_id}.")
    ran = revisions.documents_of(tx, flow.flow_id, [execution.revision]).get(execution.revision, {})
    return Found(execution, tasks_of(execution, ran), rejects.get(tx, execution_id))


def _first(place: RejectsPlace, kept: Kept) -> list[bytes]:
    return list(_until(SUMMED_BYTES, (line for line, _ in place.lines(kept))))


def _until(most_bytes: int, lines: Iterator[bytes]) -> Iterator[bytes]:
    left = most_bytes
    for line in lines:
        yield line
        left -= len(line)
        if left < 0:
            return


def _reasons(lines: Sequence[bytes], found: Found) -> dict[str, Any]:
    kept = cast("Kept", found.kept)
    counted = Counter((_task_of(one), _VALUE.sub("…", one.error)) for line in lines for one in [_read(line, kept)])
    most = counted.most_common(_MOST_REASONS)
    return {
        "summed": len(lines),
        "reasons": [
            {**_task(index, found.tasks), "reason": reason, "records": count} for (index, reason), count in most
        ],
    }


def _shown(reject: RejectLine, tasks: Sequence[Document]) -> dict[str, Any]:
    return {
        **_task(_task_of(reject), tasks),
        "reason": redacted(reject.error),
        **document(reject),
        "record": shown(reject.record, SHOWN_CHARACTERS),
    }


def _task(index: int, tasks: Sequence[Document]) -> dict[str, Any]:
    return {**({"task": index} if index >= 0 else {}), "by": name_of(index, tasks)}


def _task_of(reject: RejectLine) -> int:
    """The index of the task, or what else it was: a destination refuses what has been made of a source's record."""
    if reject.task is not None:
        return reject.task
    return DESTINATION if reject.is_refused else READING


def _read(line: bytes, kept: Kept) -> RejectLine:
    found = reject_line(line)
    if found is None:
        raise ConnectorServerException(f"What lies at {kept} is no JSON Lines of rejected records: it was changed.")
    return found
