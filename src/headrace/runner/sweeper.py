"""Removes what nobody needs any more: records beyond their age, and the files of executions that are gone."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from headrace.clock import Clock, to_ms
from headrace.connector_sdk.kept_rejects import Kept
from headrace.connector_sdk.rejects_place import Places, RejectsPlace
from headrace.errors import ConnectorError
from headrace.log import Log, silent
from headrace.runner import messages
from headrace.runner.notifier import KEPT as REPORTS_KEPT
from headrace.settings import Settings
from headrace.store import rejects, retention
from headrace.store.store import Store
from headrace.store.tx import Tx

FIRST_S = 30.0
EVERY_S = 600.0
# Between two pieces of the work others get their turn, in the store and on the disk.
_BREATH_S = 0.05
# In one transaction, and in one sweep; the next one goes on.
_PIECE = 200
_MOST = 10_000
# Nothing that is younger is taken for left over, whatever the store says.
_GRACE = timedelta(days=1)


class Left(NamedTuple):
    """A file or folder of an execution; `is_staged`: of no use once the execution has ended, whatever is kept of it."""

    execution_id: str
    path: Path
    is_staged: bool


class Sweeper:
    """Sweeps now and then, on every node: each removes the files of its own data folder.

    `rejects` removes rejected records that lie elsewhere, None: nothing does. `keep` is how long executions are kept
    after their end, None: as long as there are not too many of them.
    """

    @classmethod
    def of(cls, settings: Settings, store: Store, clock: Clock, buckets: Places, log: Log) -> Sweeper:
        """One that keeps what the settings say."""
        keep = None if settings.keep_days is None else timedelta(days=settings.keep_days)
        rejects = RejectsPlace.of(buckets, settings)
        return cls(store=store, clock=clock, data=settings.data, rejects=rejects, keep=keep, log=log)

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        data: Path,
        rejects: RejectsPlace | None = None,
        keep: timedelta | None = None,
        log: Log | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._data = data
        self._rejects = rejects
        self._keep = keep
        self._log = log or silent()
        self._left = self._files()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sweep_until_stopped, name="sweeps", daemon=True)

    def start(self) -> None:
        """Sweep from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Sweep no more."""
        self._stopped.set()
        self._thread.join()

    def sweep(self) -> dict[str, int]:
        """Remove what is left over, a bounded number of things; how many of what."""
        now = self._clock.now()
        now_ms, waited_ms = to_ms(now), to_ms(now - REPORTS_KEPT)
        removed = {
            "executions": self._drop_old(now),
            "tokens": self._repeat(lambda tx: retention.drop_tokens(tx, now_ms=now_ms, limit=_PIECE)),
            "reports": self._repeat(lambda tx: retention.drop_reports(tx, before_ms=waited_ms, limit=_PIECE)),
            "rejects": self._discard_rejects(),
            "files": self._remove_files(now),
        }
        if removed["reports"]:
            self._log.error("reports dropped", count=removed["reports"], reason="nobody took them in time")
        if any(removed.values()):
            self._log.info("swept", **removed)
        return removed

    def _sweep_until_stopped(self) -> None:
        pause_s = FIRST_S
        while not self._stopped.wait(pause_s):
            try:
                self.sweep()
            except Exception as error:  # Boundary: a store or a disk that fails now may work at the next sweep
                messages.tell(self._log, "not swept", error)
            pause_s = EVERY_S

    def _drop_old(self, now: datetime) -> int:
        if self._keep is None:
            return 0
        before_ms = to_ms(now - self._keep)
        found = self._store.read(lambda tx: retention.old(tx, before_ms=before_ms, limit=_MOST)).result()
        drop = partial(retention.drop, before_ms=before_ms)
        return sum(self._piece(partial(drop, execution_ids=ids)) for ids in _pieces(found))

    def _repeat(self, work: Callable[[Tx], int]) -> int:
        """Do the work until it finds little, or has found much."""
        total = 0
        while (found := self._piece(work)) == _PIECE and total < _MOST:
            total += found
        return total + found

    def _piece(self, work: Callable[[Tx], int]) -> int:
        return 0 if self._stopped.wait(_BREATH_S) else self._store.write(work).result()

    def _discard_rejects(self) -> int:
        """Remove the files of rejected records whose executions are gone, wherever they lie."""
        count, after, away = 0, "", set[str]()
        while self._rejects is not None and count < _MOST and not self._stopped.wait(_BREATH_S):
            place = after
            found = self._store.read(lambda tx, place=place: rejects.left(tx, after=place, limit=_PIECE)).result()
            if not found:
                break
            after = found[-1][0]
            free = self._store.read(lambda tx, ids=dict(found): retention.gone(tx, ids)).result()
            done = [each for each, kept in found if each in free and self._is_discarded(self._rejects, kept, away)]
            self._store.write(lambda tx, done=done: rejects.forget(tx, done)).result()
            count += len(done)
        return count

    def _is_discarded(self, place: RejectsPlace, kept: Kept, away: set[str]) -> bool:
        """Whether nothing is left; a place that is `away` is asked once in a sweep."""
        if kept.url in away:
            return False
        try:
            return place.discard(kept)
        except ConnectorError as error:
            messages.tell(self._log, "rejects not removed", error)
            away.add(kept.url)
            return False

    def _remove_files(self, now: datetime) -> int:
        """Go on with the files where the last sweep ended; from the first one after the last."""
        count = 0
        for _ in range(_MOST // _PIECE):
            found = list(islice(self._left, _PIECE))
            if not found:
                self._left = self._files()
                return count
            count += self._remove([left for left in found if _is_older(left.path, now - _GRACE)])
            if self._stopped.wait(_BREATH_S):
                return count
        return count

    def _remove(self, found: list[Left]) -> int:
        staged = {each.execution_id for each in found if each.is_staged}
        kept = {each.execution_id for each in found if not each.is_staged}
        ended, gone = self._store.read(lambda tx: (retention.ended(tx, staged), retention.gone(tx, kept))).result()
        return sum(_removed(each.path) for each in found if each.execution_id in (ended if each.is_staged else gone))

    def _files(self) -> Iterator[Left]:
        """Whatever lies in the folders of executions, one after another while it is asked for."""
        for path in self._entries(self._data / "staging", 0):
            yield Left(path.name, path, is_staged=True)
        for path in self._entries(self._data / "rejects", 1):
            yield Left(path.name, path, is_staged=False)
        for path in self._entries(self._data / "connector-logs", 3):
            yield Left(path.stem, path, is_staged=False)

    def _entries(self, folder: Path, depth: int) -> Iterator[Path]:
        """What lies so many folders below; of those between, the ones that have long been empty go."""
        for path in _listed(folder):
            if not depth:
                yield path
            elif _is_older(path, self._clock.now() - _GRACE) and _removed_if_empty(path):
                continue
            else:
                yield from self._entries(path, depth - 1)


def _pieces(found: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(found), _PIECE):
        yield found[start : start + _PIECE]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_older(path: Path, than: datetime) -> bool:
    try:
        return path.lstat().st_mtime < than.timestamp()
    except OSError:
        return False


def _removed(path: Path) -> bool:
    """Remove a folder with all in it, or a file; whether it is gone. Another node may do the same."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
    return not os.path.lexists(path)


def _removed_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
