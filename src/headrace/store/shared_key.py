"""That all processes which share a store have the same key."""

from __future__ import annotations

from headrace.errors import SettingsError
from headrace.store.secrets import Sealer, SealError
from headrace.store.sql import shared_key as sql
from headrace.store.store import Store
from headrace.store.tx import Tx

_SEALED = "sealed with the key of every process"


def check(store: Store, sealer: Sealer) -> None:
    """Raise SettingsError if this process has another key than those that share the store with it.

    The first one's key counts. What is sealed with one key no other opens, and that would come out late: as a run
    that can't open its connector profile.
    """
    if not store.is_shared:
        return
    try:
        store.write(lambda tx: _compare(tx, sealer)).result()
    except SealError:
        raise SettingsError(
            "this process has another key than the others on its database, so none could open what another has"
            " sealed. Give all of them the same HEADRACE_KEY or HEADRACE_KEY_COMMAND, or the same file `key` in"
            " their data folders."
        ) from None


def _compare(tx: Tx, sealer: Sealer) -> None:
    tx.lock(_SEALED)
    row = tx.row(sql.SELECT, name=_SEALED)
    if row is None:
        seal(tx, sealer)
    else:
        sealer.open(row[0], _SEALED)


def seal(tx: Tx, sealer: Sealer) -> None:
    """Let the sealer's first key be the one that all must have."""
    tx.rows(sql.DELETE, name=_SEALED)
    tx.rows(sql.INSERT, name=_SEALED, value=sealer.seal("headrace", _SEALED))
