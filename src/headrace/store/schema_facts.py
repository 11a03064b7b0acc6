"""What a schema says to versions of headrace that are older than it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, insert, inspect, select

from headrace.store.tables import facts

_OLDEST = "the oldest revision whose headrace works with this schema"
# The one that brought this table.
_FIRST = "0012"
_WORKS_WITH: Final = re.compile(r'^works_with = "(\d{4})"$', re.MULTILINE)


def keep(connection: Connection, revisions: Iterable[Path]) -> None:
    """Write down which versions work with the schema that these revisions make, given by their files.

    A revision that older nodes can't live with says so: `works_with = "0012"` is the oldest revision whose headrace
    can. It need not be said where it only adds what an older node neither reads nor has to write.
    """
    name, value = oldest_for(revisions)
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts).values(name=name, value=value))


def oldest_for(revisions: Iterable[Path]) -> tuple[str, str]:
    """The fact that `keep` writes down: its name, and the oldest revision that any of these asks for."""
    said = [found for file in revisions for found in _WORKS_WITH.findall(file.read_text(encoding="utf-8"))]
    return _OLDEST, max([_FIRST, *said])


def oldest_that_works(connection: Connection) -> str | None:
    """The oldest revision whose headrace works with the schema; None: it doesn't say."""
    if not inspect(connection).has_table(facts.name):
        return None
    return connection.execute(select(facts.c.value).where(facts.c.name == _OLDEST)).scalar()
