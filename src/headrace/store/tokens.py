"""Answers kept for the retries of a call that carried a clientToken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy import insert as into

from headrace.store import documents, tables
from headrace.store.statements import Statement, binds
from headrace.store.tx import Tx

# Expired ones that each `put` clears away: more than it adds, so they never pile up.
_PURGED_AT_ONCE = 8

_t = tables.tokens.c
_KEY = (_t.account, _t.region, _t.operation, _t.token, _t.fingerprint)
_SELECT = Statement(
    select(_t.fingerprint, _t.answer).where(
        _t.account == bindparam("account"),
        _t.region == bindparam("region"),
        _t.operation == bindparam("operation"),
        _t.token == bindparam("token"),
        _t.expires_ms > bindparam("now_ms"),
    )
)
_PURGE = Statement(
    delete(tables.tokens).where(
        tuple_(*_KEY).in_(
            select(*_KEY).where(_t.expires_ms <= bindparam("now_ms")).order_by(_t.expires_ms).limit(bindparam("most"))
        )
    )
)
_DELETE_EXPIRED = Statement(
    delete(tables.tokens).where(
        *(column == bindparam(column.name) for column in _KEY), _t.expires_ms <= bindparam("now_ms")
    )
)
_INSERT = Statement(into(tables.tokens).values(binds(tables.tokens.columns)))


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

    Look first: a token with the same fingerprint that has not expired is an error. Clears expired ones away.
    """
    key = {
        "account": account,
        "region": region,
        "operation": operation,
        "token": token,
        "fingerprint": fingerprint,
    }
    tx.rows(_PURGE, now_ms=now_ms, most=_PURGED_AT_ONCE)
    tx.rows(_DELETE_EXPIRED, now_ms=now_ms, **key)
    tx.rows(_INSERT, answer=documents.dumps(answer), expires_ms=expires_ms, **key)
