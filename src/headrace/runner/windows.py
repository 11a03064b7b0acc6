"""An incremental run reads what lies in its window: files by when they changed, records by a field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headrace.clock import from_ms
from headrace.connector_sdk.contract import SourceFile
from headrace.engine.tasks import WINDOW, Comparison, Filter, Tasks
from headrace.errors import Stop
from headrace.flow.plan import Plan
from headrace.store.executions import Execution

_WRITE = "Write the field that says when a record changed as sourceFlowConfig.incrementalPullConfig"


@dataclass(frozen=True)
class Span:
    """The window of an execution, in milliseconds since the epoch; the end is not in it."""

    from_ms: int
    to_ms: int

    @classmethod
    def of(cls, execution: Execution) -> Span | None:
        """What the execution reads; None: everything."""
        if execution.window_from_ms is None or execution.window_to_ms is None:
            return None
        return cls(execution.window_from_ms, execution.window_to_ms)

    @classmethod
    def between(cls, bounds_ms: tuple[int, int] | None) -> Span | None:
        """The span with these bounds; None: everything."""
        return None if bounds_ms is None else cls(*bounds_ms)


def files_in(span: Span | None, files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    """The files that were last changed within the span."""
    return tuple(file for file in files if span is None or span.from_ms <= file.modified_ms < span.to_ms)


def records_in(span: Span, field: str, tasks: Tasks) -> Tasks:
    """The tasks for records alone whose field holds an instant within the span."""
    return replace(
        tasks,
        filters=(
            _filter(field, "GREATER_THAN_OR_EQUAL_TO", span.from_ms),
            _filter(field, "LESS_THAN", span.to_ms),
            *tasks.filters,
        ),
    )


def timestamp_field(plan: Plan, fields: Sequence[Mapping[str, Any]]) -> str:
    """The field that says when a record of the plan's source changed; `fields` is the source's entity, described.

    The flow names it, else it is the only one that the connector offers for incremental queries. Raises Stop.
    """
    names = [field["identifier"] for field in fields]
    offered = [field["identifier"] for field in fields if _is_offered(field)]
    named = plan.timestamp_field
    if named is None and len(offered) == 1:
        return offered[0]
    if named is None:
        choice = f", for example {', '.join(offered)}" if offered else ""
        raise Stop(f"A window of time is to be read and the flow names no datetimeTypeFieldName. {_WRITE}{choice}")
    if names and named not in names:
        raise Stop(f"The source has no field {named}, which the flow names as datetimeTypeFieldName. {_WRITE}")
    return named


def _is_offered(field: Mapping[str, Any]) -> bool:
    return field.get("sourceProperties", {}).get("isTimestampFieldForIncrementalQueries") is True


def _filter(field: str, operator: Comparison, ms: int) -> Filter:
    return Filter(WINDOW, field, operator, "instant", (from_ms(ms).isoformat(),))
