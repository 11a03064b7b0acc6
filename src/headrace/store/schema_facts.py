"""What a schema says to versions of headrace that are older than it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, delete, insert, inspect, select

from headrace.store import fresh
from headrace.store.core.tables import facts


def keep(connection: Connection, revisions: Iterable[Path]) -> None:
    """Write down which versions work with the schema that these revisions make, given by their files.

    A revision that older nodes can't live with says so: `works_with = "0012"` is the oldest revision whose headrace
    can. It need not be said where it only adds what an older node neither reads nor has to write.
    """
    name, value = fresh.oldest_for(revisions)
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts).values(name=name, value=value))


def oldest_that_works(connection: Connection) -> str | None:
    """The oldest revision whose headrace works with the schema; None: it doesn't say."""
    if not inspect(connection).has_table(facts.name):
        return None
    return connection.execute(select(facts.c.value).where(facts.c.name == fresh.OLDEST)).scalar()
