"""What statements are put together from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam

from headrace.store.statements import PLACES


def binds(columns: Iterable[ColumnElement[Any]]) -> dict[str, Any]:
    """A parameter for each column, named as the column: what an INSERT or UPDATE of all of them takes."""
    return {str(column.key): bindparam(column.key, type_=column.type) for column in columns}


def among(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the column is one of the values that `statements.by_batches` gives."""
    return column.in_([bindparam(name, type_=column.type) for name in PLACES])
