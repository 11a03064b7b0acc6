"""The statements of `store.instants`."""

from __future__ import annotations

from sqlalchemy import BigInteger, cast, extract, func, select

# Not the beginning of the transaction, which may have waited for a lock since.
NOW = select(cast(func.floor(extract("epoch", func.clock_timestamp()) * 1000), BigInteger))
