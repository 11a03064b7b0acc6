"""What time it is for all who share the database."""

from __future__ import annotations

from headrace.store.sql import instants as sql
from headrace.store.tx import Tx


def now_ms(tx: Tx) -> int:
    """The clock of the PostgreSQL server, in milliseconds since the epoch."""
    return int(tx.rows(sql.NOW)[0][0])
