"""What a schema says to versions of headrace that are older than it."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from sqlalchemy import Connection, delete, insert, inspect, select

from headrace.store.tables import facts

_OLDEST = "the oldest revision whose headrace works with this schema"
# The one that brought this table.
_FIRST = "0012"


def keep(connection: Connection, revisions: Iterable[ModuleType]) -> None:
    """Write down which versions work with the schema that these revisions make.

    A revision that older nodes can't live with says so: `works_with = "0012"` is the oldest revision whose headrace
    can. It need not be said where it only adds what an older node neither reads nor has to write.
    """
    oldest = max([_FIRST, *(getattr(each, "works_with", _FIRST) for each in revisions)])
    connection.execute(delete(facts).where(facts.c.name == _OLDEST))
    connection.execute(insert(facts).values(name=_OLDEST, value=oldest))


def oldest_that_works(connection: Connection) -> str | None:
    """The oldest revision whose headrace works with the schema; None: it doesn't say."""
    if not inspect(connection).has_table(facts.name):
        return None
    return connection.execute(select(facts.c.value).where(facts.c.name == _OLDEST)).scalar()
