"""Text that goes into SQL: the only two ways in for what callers supply."""

from __future__ import annotations


def literal(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as an SQL identifier, which may not be empty."""
    return '"' + name.replace('"', '""') + '"'
