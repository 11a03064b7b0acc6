"""What a function of the store works with: one transaction."""

from __future__ import annotations

import sqlite3
from typing import Any

from headrace.store.statements import Compiler, Statement

Row = tuple[Any, ...]


class Tx:
    """One transaction, from `Store.write` or `Store.read`. Not to be kept after the work returns."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        compiler: Compiler,
        *,
        executions_kept: int,
        reports_to: tuple[str, ...] = (),
    ) -> None:
        self._connection = connection
        self._compiler = compiler
        self.executions_kept = executions_kept
        # Keys of the receivers of reports; none: nothing is reported.
        self.reports_to = reports_to
        self.topics: set[str] = set()

    def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        """Run the statement; every row it returns."""
        text, literals = self._compiler.sql(statement)
        return self._connection.execute(text, {**literals, **values}).fetchall()

    def row(self, statement: Statement, /, **values: Any) -> Row | None:
        """Run the statement; the row it returns, or None. For statements that return one row at most."""
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def announce(self, topic: str) -> None:
        """Tell the store's listeners of `topic` once this transaction is durable; never if it is undone."""
        self.topics.add(topic)
