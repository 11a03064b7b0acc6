"""The fields that every split of an execution writes, where its files have different ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from headrace.connector_sdk.contract import FileSource, SourceFile
from headrace.engine.formats import csv_fields, format_of
from headrace.flow.plan import Plan

# How many headers are read at a time: each is a request to the object store.
_TOGETHER = 8
_MAGIC_BYTES = 4


def common_fields(plan: Plan, source: FileSource, files: Sequence[SourceFile]) -> tuple[str, ...] | None:
    """The union of the headers of all CSV files, in the order in which the names first occur.

    None where each file's own fields are right: a single file, tasks that name every field they
    write, or a format whose records name their fields.
    """
    writes_all = plan.tasks.map_all is not None or plan.tasks.passthrough
    if plan.input != "csv" or not writes_all or len(files) < 2:
        return None
    with ThreadPoolExecutor(_TOGETHER, thread_name_prefix="headers") as pool:
        headers = list(pool.map(partial(_header, source, plan.source.properties), files))
    return tuple(dict.fromkeys(name for header in headers for name in header))


def _header(source: FileSource, properties: Mapping[str, Any], file: SourceFile) -> tuple[str, ...]:
    def head(size_bytes: int) -> bytes:
        return source.head(properties, file, size_bytes)

    if format_of(head(_MAGIC_BYTES), "csv") != "csv":
        return ()
    return csv_fields(file.name, head)
