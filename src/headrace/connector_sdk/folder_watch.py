"""Which objects are new in a bucket that is a folder."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.keys import folder_of, is_possible
from headrace.connector_sdk.listening import Arrival, Interest, News

# A file that was changed less long ago may still be growing: it is looked at twice.
QUIET_NS = 1_000_000_000
# Times of files may lie so far behind the clock.
_COARSE_NS = 20_000_000
# What was seen is told again from so long before the last whole look; keys keep it from counting twice.
_MARGIN_NS = 10_000_000_000
# Clocks of nodes, and that of the file system, may be so far apart.
_APART_NS = 3_600_000_000_000
# Looking at every file may take one part in so many of the time.
_SHARE = 20

_Identity = tuple[int, int]


@dataclass
class _Folder:
    """A folder as it was last listed."""

    changed_ns: int
    folders: tuple[str, ...]


@dataclass
class FolderWatch:
    """Objects of the bucket that appear or change, each once it is whole; see Subscription.

    Most looks list only folders in which a name came, went or was replaced, and there only new files. A file that is
    written over in place is found by a look at every file, which come as often as they are cheap. What there was
    before, but for files that changed at the cursor or later, is none of it.
    """

    bucket: FolderBucket
    interest: Interest
    now_ns: Callable[[], int] = time.time_ns
    _listed: dict[str, _Folder] = field(default_factory=dict[str, _Folder])
    # Hashes, of a key with its inode and of a key with its version: a bucket may hold millions.
    _names: set[int] = field(default_factory=set[int])
    _seen: set[int] = field(default_factory=set[int])
    # Versions that may still grow.
    _unsure: dict[str, str] = field(default_factory=dict[str, str])
    _whole_due_ns: int = 0

    def poll(self) -> News:
        """See Subscription."""
        began_ns = self.now_ns()
        is_first, is_whole = not self._whole_due_ns, began_ns >= self._whole_due_ns
        candidates = list(self._candidates(is_whole=is_whole))
        arrivals = [
            Arrival(f"{key}\n{version}", json.dumps({"key": key}))
            for key, found in candidates
            if (version := self._whole(key, found, began_ns, is_first=is_first)) is not None
        ]
        if not is_whole:
            return News(tuple(arrivals))
        ended_ns = self.now_ns()
        self._whole_due_ns = max(ended_ns + _SHARE * (ended_ns - began_ns), 1)
        # By the clock that the files have, which whoever goes on compares it with. One that may still grow was changed
        # later than that.
        latest_ns = max((found.st_ctime_ns for _, found in candidates), default=0)
        return News(tuple(arrivals), str(max(min(began_ns, latest_ns) - _MARGIN_NS, began_ns - _APART_NS)))

    def close(self) -> None:
        """See Subscription."""

    @property
    def _from_ns(self) -> int:
        given = self.interest
        since_ns = given.since_ms * 1_000_000 - _COARSE_NS
        # The margin of a young cursor would reach to before the activation.
        return max(since_ns, int(given.cursor or 0))

    def _whole(self, key: str, found: os.stat_result, now_ns: int, *, is_first: bool) -> str | None:
        """The version of an object that is new and whole."""
        file = self.bucket.as_file(key, found)
        if file is None or file.etag is None or (mark := hash((key, file.etag))) in self._seen:
            self._unsure.pop(key, None)
            return None
        if is_first and found.st_ctime_ns < self._from_ns:
            self._seen.add(mark)
            return None
        if self._unsure.get(key) != file.etag and now_ns - found.st_mtime_ns < QUIET_NS:
            self._unsure[key] = file.etag
            return None
        self._unsure.pop(key, None)
        self._seen.add(mark)
        return file.etag

    def _candidates(self, *, is_whole: bool) -> Iterator[tuple[str, os.stat_result]]:
        """Files that may be new; on a whole look every one."""
        unsure = dict.fromkeys(self._unsure)
        prefix: str = self.interest.properties.get("bucketPrefix") or ""
        beginning = folder_of(prefix)
        if beginning is None:
            return
        root = self.bucket.folder / beginning
        for key, found in self._under(root, f"{beginning}/" if beginning else "", frozenset(), is_whole=is_whole):
            if key.startswith(prefix):
                unsure.pop(key, None)
                yield key, found
        for key in unsure:
            found = _stat(self.bucket.folder / key)
            if found is None:
                self._unsure.pop(key, None)
            else:
                yield key, found

    def _under(
        self, folder: Path, place: str, above: frozenset[_Identity], *, is_whole: bool
    ) -> Iterator[tuple[str, os.stat_result]]:
        found = _stat(folder)
        # A link to a folder above it: what it holds is listed there.
        if found is None or not stat.S_ISDIR(found.st_mode) or (here := (found.st_dev, found.st_ino)) in above:
            return
        known = self._listed.get(place)
        if known is None or is_whole or known.changed_ns != found.st_mtime_ns:
            known = _Folder(found.st_mtime_ns, ())
            yield from self._files(folder, place, known, is_whole=is_whole)
            # A change within the same tick of the clock leaves no other trace.
            if self.now_ns() - found.st_mtime_ns < QUIET_NS:
                known.changed_ns = -1
            self._listed[place] = known
        for name in known.folders:
            yield from self._under(folder / name, f"{place}{name}/", above | {here}, is_whole=is_whole)

    def _files(
        self, folder: Path, place: str, known: _Folder, *, is_whole: bool
    ) -> Iterator[tuple[str, os.stat_result]]:
        """The files of one folder that may be new; its folders go into `known`."""
        for entry in self.bucket.entries(folder):
            key = f"{place}{entry.name}"
            if entry.is_dir():
                known.folders = (*known.folders, entry.name)
                continue
            name = hash((key, entry.inode()))
            if (is_whole or name not in self._names) and is_possible(key):
                self._names.add(name)
                found = _stat(entry)
                if found is not None and stat.S_ISREG(found.st_mode):
                    yield key, found


def _stat(path: Path | os.DirEntry[str]) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        # It went while it was looked at, or can't be reached now: the next look tells.
        return None
