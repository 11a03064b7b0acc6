"""What a source of records is asked for."""

from __future__ import annotations

from headrace.connector_sdk.records import Query
from headrace.engine.fields import fields_read
from headrace.engine.tasks import Tasks
from headrace.flow.hints import conditions, filter_expression
from headrace.flow.records import Reading

PAGE_SIZE = 1000


def query_of(reading: Reading, tasks: Tasks, *, flow_name: str, execution_id: str) -> Query:
    """The query from the first record on; the fields and the filter are hints, the engine applies both again."""
    return Query(
        entity=reading.entity,
        fields=fields_asked(tasks),
        filter_expression=filter_expression(tasks.filters),
        after=None,
        page_size=PAGE_SIZE,
        flow_name=flow_name,
        execution_id=execution_id,
        api_version=reading.api_version,
        settings=reading.settings,
        conditions=conditions(tasks.filters),
    )


def fields_asked(tasks: Tasks) -> tuple[str, ...] | None:
    """The fields that the tasks look at, sorted; None: all that there are."""
    if tasks.projection is None:
        return fields_read(tasks)
    # Filters and validations see every field, projected or not.
    seen = {task.field for task in (*tasks.filters, *tasks.validates)}
    return tuple(sorted(tasks.projection | seen))
