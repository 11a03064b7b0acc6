"""The clientToken: a retried call does nothing and gets the first call's answer (invariant 7).

Source: decision 16; AppFlow API Reference, clientToken of CreateFlow, UpdateFlow and StartFlow.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from headrace.model.shapes import Document
from headrace.operations.context import Answer, Context
from headrace.operations.refusals import conflict
from headrace.store import tokens
from headrace.store.tx import Tx

LIFETIME_MS = 8 * 3600 * 1000
_TOKEN = "clientToken"  # noqa: S105 - the member's name
_encode = json.JSONEncoder(check_circular=False, sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a call's token: the first call's answer, or that it was used for something else."""

    answer: Answer | None = None
    is_used_otherwise: bool = False


class Retry:
    """One call's token; a call without one is never a retry."""

    def __init__(self, context: Context, operation: str, request: Document, *, is_secret: bool = False) -> None:
        """`is_secret`: the request holds credentials, which its fingerprint must not let anybody guess."""
        self._context = context
        self._operation = operation
        self._token: str | None = request.get(_TOKEN)
        self._fingerprint = "" if self._token is None else fingerprint(request)
        if self._token is not None and is_secret:
            self._fingerprint = context.sealer.digest(self._fingerprint)

    def look(self, tx: Tx) -> Kept:
        """Look the token up; the fingerprint tells this very request from others that used the token.

        A writing transaction holds the token from here on: of calls with one token, one is answered after the other.
        """
        if self._token is None:
            return Kept()
        now_ms, caller = self._context.now_ms, self._context.caller
        tx.lock(f"token {caller.account} {caller.region} {self._operation} {self._token}")
        known = tokens.get(tx, caller.account, caller.region, self._operation, self._token, now_ms=now_ms)
        for each in known:
            if each.fingerprint == self._fingerprint:
                return Kept(answer=each.answer)
        return Kept(is_used_otherwise=bool(known))

    def answer(self, tx: Tx) -> Answer | None:
        """The first call's answer, None for a new call; raises ConflictException for a used token."""
        kept = self.look(tx)
        if kept.is_used_otherwise:
            raise self.used_otherwise()
        return kept.answer

    def keep(self, tx: Tx, answer: Answer) -> None:
        """Keep the answer of a call that succeeded, in the transaction of what it did."""
        if self._token is None:
            return
        now_ms, caller = self._context.now_ms, self._context.caller
        tokens.put(
            tx,
            caller.account,
            caller.region,
            self._operation,
            self._token,
            fingerprint=self._fingerprint,
            answer=answer,
            now_ms=now_ms,
            expires_ms=now_ms + LIFETIME_MS,
        )

    def used_otherwise(self) -> Exception:
        return conflict(
            f"The clientToken {self._token} was used for a {self._operation} request with other parameters."
            " Send a new clientToken with a new request"
        )


def fingerprint(request: Document) -> str:
    """A digest of the request without its token; the order of keys makes no difference."""
    normal = _encode({key: value for key, value in request.items() if key != _TOKEN})
    return hashlib.sha256(normal.encode("ascii")).hexdigest()
