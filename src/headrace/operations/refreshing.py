"""New tokens for stored profiles: asked for once, however many need them, and kept sealed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from headrace.connector_sdk.records import Connection
from headrace.errors import Refused
from headrace.operations.authorizing import Authorizer
from headrace.operations.connections import connection_of
from headrace.store import profiles
from headrace.store.profiles import Profile, Secret
from headrace.store.secrets import Sealer
from headrace.store.store import Store

# A token this young was got by somebody else after the one that was refused.
_YOUNG_MS = 10_000
# A token that ends within this time is taken to have ended: a request takes time to arrive.
_EARLY_MS = 60_000


@dataclass(slots=True)
class _Turn:
    """Who refreshes a profile now: one at a time; `count` goes up with every success."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0


class Refresher:
    """Opens stored profiles with tokens that are good, as far as their lifetime tells."""

    def __init__(self, store: Store, sealer: Sealer, authorizer: Authorizer, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._sealer = sealer
        self._authorizer = authorizer
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    def open(self, account: str, region: str, profile_name: str) -> Connection | None:
        """The profile, its tokens refreshed if their time is up; None if there is none. Raises Retry or Stop."""
        found = self._stored(account, region, profile_name)
        if found is None:
            return None
        if self._has_ended(found) and self._refresh(found[0], lambda now: not self._has_ended(now)):
            found = self._stored(account, region, profile_name) or found
        return connection_of(*found)

    def refresh(self, connection: Connection) -> bool:
        """Get new tokens because the application refused those of the connection; whether there are newer ones.

        False for a profile without OAuth 2, and for one that is not stored. Raises Retry or Stop.
        """
        found = self._store.read(lambda tx: profiles.get_by_secret(tx, self._sealer, connection.secret_arn)).result()
        if found is None or not self._authorizer.uses_oauth(*found):
            return False
        return self._refresh(found[0], self._is_young)

    def _refresh(self, profile: Profile, is_good: Callable[[tuple[Profile, Secret]], bool]) -> bool:
        turn = self._turn(profile.secret_arn)
        seen = turn.count
        with turn.lock:
            found = self._stored(profile.account, profile.region, profile.name)
            if found is None or not self._authorizer.uses_oauth(*found):
                return False
            if turn.count != seen or is_good(found):
                return True
            kept = self._ask(*found)
            turn.count += 1
            return kept

    def _ask(self, profile: Profile, secret: Secret) -> bool:
        try:
            newer = self._authorizer.refreshed(profile, secret)
        except Refused:
            # An application may take a refresh token only once: another node has asked with it.
            if self._is_as_read(profile):
                raise
            return True
        # A profile that was changed or deleted meanwhile keeps what it was given then.
        self._store.write(
            lambda tx: profiles.update(tx, self._sealer, profile, newer, now_ms=profile.updated_ms)
        ).result()
        return True

    def _stored(self, account: str, region: str, name: str) -> tuple[Profile, Secret] | None:
        return self._store.read(lambda tx: profiles.get_with_secret(tx, self._sealer, account, region, name)).result()

    def _is_as_read(self, profile: Profile) -> bool:
        found = self._stored(profile.account, profile.region, profile.name)
        return found is None or found[0].revision == profile.revision

    def _turn(self, secret_arn: str) -> _Turn:
        with self._lock:
            return self._turns.setdefault(secret_arn, _Turn())

    def _has_ended(self, found: tuple[Profile, Secret]) -> bool:
        ends_ms: int | None = found[1].tokens.get("expiresMs")
        if ends_ms is None or ends_ms - _EARLY_MS > self._now_ms():
            return False
        return self._authorizer.uses_oauth(*found)

    def _is_young(self, found: tuple[Profile, Secret]) -> bool:
        obtained_ms: int | None = found[1].tokens.get("obtainedMs")
        return obtained_ms is not None and self._now_ms() - obtained_ms < _YOUNG_MS
