"""The statements of `store.tokens`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, text

from headrace.store.core import tables

_t = tables.tokens.c
SELECT = select(_t.fingerprint, _t.answer).where(
    _t.account == bindparam("account"),
    _t.region == bindparam("region"),
    _t.operation == bindparam("operation"),
    _t.token == bindparam("token"),
    _t.expires_ms > bindparam("now_ms"),
)
_OLDEST = select(_t.number).order_by(_t.number).limit(bindparam("limit")).with_for_update(skip_locked=True)
PURGE = delete(tables.tokens).where(_t.number.in_(_OLDEST.scalar_subquery()), _t.expires_ms <= bindparam("now_ms"))
# Core has ON CONFLICT for each dialect apart; SQLite and PostgreSQL read the same text. A token that has not expired
# gets no expiry, which its column refuses: so of two calls with one token, at whatever moment, one fails as a whole.
INSERT = text("""
        INSERT INTO tokens (account, region, operation, token, fingerprint, answer, expires_ms)
        VALUES (:account, :region, :operation, :token, :fingerprint, :answer, :expires_ms)
        ON CONFLICT (account, region, operation, token, fingerprint)
        DO UPDATE SET answer = excluded.answer,
            expires_ms = CASE WHEN tokens.expires_ms <= :now_ms THEN excluded.expires_ms END
    """)
