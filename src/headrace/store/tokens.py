"""Answers kept for the retries of a call that carried a clientToken."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, text

from headrace.store import documents, tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

# One `put` in so many clears as many times four expired tokens away, so they don't pile up.
_PURGES_ONE_IN = 16

_t = tables.tokens.c
_SELECT = Statement(
    select(_t.fingerprint, _t.answer).where(
        _t.account == bindparam("account"),
        _t.region == bindparam("region"),
        _t.operation == bindparam("operation"),
        _t.token == bindparam("token"),
        _t.expires_ms > bindparam("now_ms"),
    )
)
_OLDEST = select(_t.number).order_by(_t.number).limit(4 * _PURGES_ONE_IN).with_for_update(skip_locked=True)
_PURGE = Statement(
    delete(tables.tokens).where(_t.number.in_(_OLDEST.scalar_subquery()), _t.expires_ms <= bindparam("now_ms"))
)
# Core has ON CONFLICT for each dialect apart; SQLite and PostgreSQL read the same text. A token that has not expired
# gets no expiry, which its column refuses: so of two calls with one token, at whatever moment, one fails as a whole.
_INSERT = Statement(
    text("""
        INSERT INTO tokens (account, region, operation, token, fingerprint, answer, expires_ms)
        VALUES (:account, :region, :operation, :token, :fingerprint, :answer, :expires_ms)
        ON CONFLICT (account, region, operation, token, fingerprint)
        DO UPDATE SET answer = excluded.answer,
            expires_ms = CASE WHEN tokens.expires_ms <= :now_ms THEN excluded.expires_ms END
    """)
)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A call that succeeded with the token: what was asked (a fingerprint) and what was answered."""

    fingerprint: str
    answer: dict[str, Any]


def get(tx: Tx, account: str, region: str, operation: str, token: str, *, now_ms: int) -> list[TokenRow]:
    """The calls of the operation that used the token and have not expired; one, but for StartFlow on demand."""
    rows = tx.rows(_SELECT, account=account, region=region, operation=operation, token=token, now_ms=now_ms)
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
        tx.rows(_PURGE, now_ms=now_ms)
    tx.rows(
        _INSERT,
        account=account,
        region=region,
        operation=operation,
        token=token,
        fingerprint=fingerprint,
        answer=documents.dumps(answer),
        now_ms=now_ms,
        expires_ms=expires_ms,
    )
