"""Where incremental executions begin to read, and what they leave for the next one."""

from __future__ import annotations

import json
from collections.abc import Iterable

from headrace.connector_sdk.records import KeepsPlace, RecordSource
from headrace.engine.results import SplitResult
from headrace.flow.plan import Plan, Reading
from headrace.store.bookmarks import Bookmark


def source_of(plan: Plan) -> str | None:
    """What the bookmarks of the plan are of; None: it keeps none, for it reads everything each time."""
    reading = plan.reading
    if reading is None or plan.trigger.trigger_type != "Scheduled" or plan.trigger.pull_mode != "Incremental":
        return None
    settings = sorted(reading.settings.items())
    return json.dumps([plan.source.connector_type, reading.profile, reading.entity, settings])


def keeps_place(connector: RecordSource, reading: Reading) -> bool:
    """Whether the connector keeps the place in what is read: no window is applied then, which could drop records
    that lie before that place and never come again. Raises Retry or Stop.
    """
    return isinstance(connector, KeepsPlace) and connector.keeps_place(reading.entity, api_version=reading.api_version)


def since(plan: Plan, kept: Bookmark | None) -> str:
    """Where an incremental reading begins: what is kept, if it is of the very source of the plan; empty: the start."""
    return kept.text if kept is not None and kept.source == source_of(plan) else ""


def bookmark_of(plan: Plan, results: Iterable[SplitResult]) -> Bookmark | None:
    """What to keep once the records of the splits have arrived; None: what is kept stays."""
    source = source_of(plan)
    said = [result.bookmark for result in results if result.bookmark is not None]
    return Bookmark(source, said[-1]) if source is not None and said else None
