"""What time it is for all who share the database."""

from __future__ import annotations

from sqlalchemy import BigInteger, cast, extract, func, select

from headrace.store.statements import Statement
from headrace.store.tx import Tx

# Not the beginning of the transaction, which may have waited for a lock since.
_NOW = Statement(select(cast(func.floor(extract("epoch", func.clock_timestamp()) * 1000), BigInteger)))


def now_ms(tx: Tx) -> int:
    """The clock of the PostgreSQL server, in milliseconds since the epoch."""
    return int(tx.rows(_NOW)[0][0])
