"""Where incremental executions begin to read, and what they leave for the next one."""

from __future__ import annotations

from collections.abc import Iterable

from headrace.connector_sdk.records import KeepsPlace, RecordSource
from headrace.engine.results import SplitResult
from headrace.flow.plan import Plan, Reading
from headrace.flow.position import source_of
from headrace.store.bookmarks import Bookmark


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
