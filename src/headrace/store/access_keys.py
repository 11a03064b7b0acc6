"""Access keys of callers, for `HEADRACE_AUTH=sigv4`."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

from headrace.store import documents
from headrace.store.secrets import Sealer
from headrace.store.sql import access_keys as sql
from headrace.store.tx import Tx

_LETTERS = string.ascii_uppercase + string.digits
_SECRET_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key without its secret; `policy` None allows everything."""

    key_id: str
    arn: str
    policy: dict[str, Any] | None
    created_ms: int

    @property
    def account(self) -> str:
        """The account that the ARN names."""
        return self.arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class KeyWithSecret(AccessKey):
    """A key and its secret in clear: to sign with, never to be shown again."""

    secret: str = field(repr=False)


def create(tx: Tx, sealer: Sealer, *, arn: str, policy: dict[str, Any] | None, now_ms: int) -> KeyWithSecret:
    """Make a key that signs as `arn`. This answer is the only time its secret is shown.

    Ids look like AWS's (`AKIA` and 16 letters or digits), secrets have 40 characters.
    """
    key_id = "AKIA" + _random(_LETTERS, 16)
    secret = _random(_SECRET_LETTERS, 40)
    tx.rows(
        sql.INSERT,
        key_id=key_id,
        sealed_secret=sealer.seal(secret, _bound_to(key_id)),
        arn=arn,
        policy=None if policy is None else documents.dumps(policy),
        created_ms=now_ms,
    )
    return KeyWithSecret(key_id, arn, policy, now_ms, secret)


def get(tx: Tx, sealer: Sealer, key_id: str) -> KeyWithSecret | None:
    """The key with its secret opened; None if there is none. Raises SealError if no present key opens it."""
    row = tx.row(sql.SELECT, key_id=key_id)
    if row is None:
        return None
    arn, policy, created_ms, sealed = row
    secret = sealer.open(sealed, _bound_to(key_id))
    return KeyWithSecret(key_id, arn, documents.loads_or_none(policy), created_ms, secret)


def list_all(tx: Tx) -> list[AccessKey]:
    """Every key, oldest first, without secrets."""
    return [
        AccessKey(key_id, arn, documents.loads_or_none(policy), created_ms)
        for key_id, arn, policy, created_ms in tx.rows(sql.SELECT_ALL)
    ]


def reseal(tx: Tx, sealer: Sealer) -> int:
    """Seal every secret anew with the sealer's first key; how many. Raises SealError, naming one that stays shut."""
    found = tx.rows(sql.SELECT_SEALED)
    for key_id, sealed in found:
        tx.rows(
            sql.RESEAL, of_key=key_id, sealed=sealer.seal(sealer.open(sealed, _bound_to(key_id)), _bound_to(key_id))
        )
    return len(found)


def delete_key(tx: Tx, key_id: str) -> bool:
    """Delete the key; False if there is none."""
    return tx.row(sql.DELETE, key_id=key_id) is not None


def _bound_to(key_id: str) -> str:
    return f"access key {key_id}"


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))
