"""What a function of the store works with: one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from headrace.store.statements import Dialect, Statement

Row = tuple[Any, ...]


class Session(Protocol):
    """A connection in the middle of a transaction."""

    def rows(self, text: str, values: Mapping[str, Any] | None = None, /) -> list[Row]:
        """Run the SQL; every row it returns, none for a statement that returns nothing."""
        ...

    def each(self, text: str, values: Sequence[Mapping[str, Any]], /) -> None:
        """Run the SQL, which returns nothing, once for each of the values."""
        ...

    def lock(self, names: Sequence[str], /) -> None:
        """See `Tx.lock`."""
        ...

    def try_locks(self, names: Sequence[str], /) -> set[str]:
        """See `Tx.try_locks`."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every transaction of a store.

    `executions_kept` bounds the finished executions that are kept of each flow, oldest dropped first. `reports_to`
    are the keys of the receivers that are told of runs; none: nothing is reported.
    """

    executions_kept: int = 10_000
    reports_to: tuple[str, ...] = ()


class Tx:
    """One transaction, from `Store.write` or `Store.read`. Not to be kept after the work returns."""

    def __init__(self, session: Session, dialect: Dialect, terms: Terms) -> None:
        self._session = session
        self._text: Callable[[Statement], str] = attrgetter(dialect)
        self.executions_kept = terms.executions_kept
        self.reports_to = terms.reports_to
        self.topics: set[str] = set()

    def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        """Run the statement; every row it returns."""
        return self._session.rows(self._text(statement), values)

    def row(self, statement: Statement, /, **values: Any) -> Row | None:
        """Run the statement; the row it returns, or None. For statements that return one row at most."""
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def each(self, statement: Statement, values: Iterable[Mapping[str, Any]], /) -> None:
        """Run the statement, which returns nothing, once for each of the values; costs less than so many calls."""
        if given := list(values):
            self._session.each(self._text(statement), given)

    def lock(self, *names: str) -> None:
        """Hold the lock of each name, one after the other, until the transaction ends, waiting for whoever holds it:
        nobody else decides meanwhile about what it stands for.

        What is read afterwards is what the last holder left. Who needs several takes that of a token before that of
        a flow. Nothing where all writes go through one thread, nor in `Store.read`, which decides nothing.
        """
        if names:
            self._session.lock(names)

    def try_lock(self, name: str) -> bool:
        """As `lock`, but for False at once where another transaction holds it."""
        return bool(self.try_locks([name]))

    def try_locks(self, names: Sequence[str]) -> set[str]:
        """Hold those of the locks that no other transaction holds; their names."""
        return self._session.try_locks(names) if names else set()

    def announce(self, topic: str) -> None:
        """Tell the store's listeners of `topic` once this transaction is durable; never if it is undone."""
        self.topics.add(topic)
