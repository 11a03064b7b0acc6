"""Answers kept for the retries of a call that carried a clientToken."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from headrace.store import documents
from headrace.store.sql import tokens as sql
from headrace.store.tx import Tx

# One `put` in so many clears as many times four expired tokens away, so they don't pile up.
_PURGES_ONE_IN = 16


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A call that succeeded with the token: what was asked (a fingerprint) and what was answered."""

    fingerprint: str
    answer: dict[str, Any]


def get(tx: Tx, account: str, region: str, operation: str, token: str, *, now_ms: int) -> list[TokenRow]:
    """The calls of the operation that used the token and have not expired; one, but for StartFlow on demand."""
    rows = tx.rows(sql.SELECT, account=account, region=region, operation=operation, token=token, now_ms=now_ms)
    return [TokenRow(fingerprint, documents.loads(answer)) for fingerprint, answer in rows]


def put(
    tx: Tx,
    account: str,
    region: str,
    operation: str,
    token: str,
    *,
    fingerprint: str,
    answer: dict[str, Any],
    now_ms: int,
    expires_ms: int,
) -> None:
    """Keep the answer until `expires_ms`, in the transaction that did what it answers (invariant 7).

    Look first: the driver's IntegrityError, which undoes the transaction, meets a call that was answered already.
    """
    if zlib.crc32(token.encode()) % _PURGES_ONE_IN == 0:
        tx.rows(sql.PURGE, now_ms=now_ms, limit=4 * _PURGES_ONE_IN)
    tx.rows(
        sql.INSERT,
        account=account,
        region=region,
        operation=operation,
        token=token,
        fingerprint=fingerprint,
        answer=documents.dumps(answer),
        now_ms=now_ms,
        expires_ms=expires_ms,
    )
