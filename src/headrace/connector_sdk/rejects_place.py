"""Where the files of rejected records lie once their executions end, and how they are read there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from headrace.connector_sdk.contract import Publishable, SourceFile, no_check
from headrace.connector_sdk.kept_rejects import Kept, folder_at, url_of
from headrace.connector_sdk.objects import Bucket
from headrace.errors import NotThere, Stop
from headrace.settings import Settings

_BLOCK_BYTES = 1024 * 1024
# Of a batch of events, the batch's number comes first.
_NUMBER = re.compile(r"(?:([0-9]+)-)?([0-9]+)\.json")
# What the place is called where a bucket has to have a name.
_NAME = "rejects"


class Mark(NamedTuple):
    """A place in the files of an execution: the file by its place among them, and the byte in it, both from 0."""

    file: int = 0
    offset: int = 0


START = Mark()


class Places(Protocol):
    """Where buckets are found; see `Buckets`."""

    def open(self, name: str) -> Bucket:
        """The bucket of that name."""
        ...

    def at(self, name: str, url: str) -> Bucket:
        """What lies at a URL."""
        ...


class RejectsPlace:
    """Puts rejects into the bucket that a flow names, or to `url`, and finds them where the store says they are.

    Methods raise Retry or Stop; NotThere where files of an execution are missing.
    """

    def __init__(self, buckets: Places, url: str) -> None:
        self.url = url
        self._buckets = buckets

    @classmethod
    def of(cls, buckets: Places, settings: Settings) -> RejectsPlace:
        """The place that the settings name."""
        return cls(buckets, settings.rejects or url_of(settings.data / "rejects"))

    def put(self, bucket: str | None, staged: Sequence[Publishable], check: Callable[[], None] = no_check) -> None:
        """Make staged files objects; done twice, they are there once (invariant 4). `check` as in `Bucket.publish`."""
        self._place(bucket).publish(staged, check)

    def take_back(self, bucket: str | None, keys: Sequence[str]) -> None:
        """Remove what an earlier try put there."""
        self._place(bucket).remove(keys)

    def files(self, kept: Kept) -> tuple[SourceFile, ...]:
        """The files, in the order of their numbers."""
        try:
            found = self._open(kept).list(kept.prefix)
        except NotThere as error:
            raise NotThere(f"{_lost(kept)}: {error.message}") from None
        numbered = sorted((*number, file.key, file) for file in found if (number := _numbered(kept.prefix, file)))
        files = tuple(file for *_, file in numbered)
        if len(files) < kept.files:
            raise NotThere(f"{_lost(kept)}: {len(files)} of {kept.files} files are there.")
        return files

    def lines(self, kept: Kept, start: Mark = START) -> Iterator[tuple[bytes, Mark]]:
        """Every line from there on, without its end, and where the one after it begins."""
        bucket = self._open(kept)
        for place, file in enumerate(self.files(kept)[start.file :], start=start.file):
            offset = start.offset if place == start.file else 0
            for line in _lines(_blocks(bucket, file, offset)):
                offset += len(line) + 1
                yield line, Mark(place, offset)

    def blocks(self, kept: Kept) -> Iterator[bytes]:
        """The bytes of all files, one after another."""
        bucket = self._open(kept)
        for file in self.files(kept):
            yield from _blocks(bucket, file, 0)

    def discard(self, kept: Kept) -> bool:
        """Remove the files at HEADRACE_REJECTS of an execution that is gone; those in a flow's own bucket stay.

        False: they lie in a folder that is not on this machine.
        """
        if kept.bucket is None:
            if self._is_folder_missing(kept.url):
                return False
            bucket = self._buckets.at(_NAME, kept.url)
            bucket.remove([file.key for file in bucket.list(kept.prefix)])
        return True

    def _place(self, bucket: str | None) -> Bucket:
        return self._buckets.at(_NAME, self.url) if bucket is None else self._buckets.open(bucket)

    def _open(self, kept: Kept) -> Bucket:
        if kept.bucket is not None:
            return self._buckets.open(kept.bucket)
        if self._is_folder_missing(kept.url):
            raise NotThere(
                f"{_lost(kept)}: there is no such folder on this machine. Where several nodes run flows, set"
                " HEADRACE_REJECTS on each to a place that all of them reach."
            )
        return self._buckets.at(_NAME, kept.url)

    @staticmethod
    def _is_folder_missing(url: str) -> bool:
        folder = folder_at(url)
        return folder is not None and not folder.is_dir()


def _lost(kept: Kept) -> str:
    return f"The rejected records were kept at {kept} and can't be found there"


def _numbered(prefix: str, file: SourceFile) -> tuple[int, int] | None:
    """The number of the batch, 0 where there are none, and the file's own."""
    found = _NUMBER.fullmatch(file.key.removeprefix(prefix)) if file.key.startswith(prefix) else None
    return None if found is None else (int(found[1] or 0), int(found[2]))


def _blocks(bucket: Bucket, file: SourceFile, offset: int) -> Iterator[bytes]:
    while offset < file.size_bytes:
        block = bucket.part(file, offset, _BLOCK_BYTES)
        if not block:
            raise Stop(f"{file.name} ends before its {file.size_bytes} bytes.")
        offset += len(block)
        yield block


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    for block in blocks:
        first, *others = block.split(b"\n")
        rest.append(first)
        if others:
            yield b"".join(rest)
            yield from others[:-1]
            rest = [others[-1]]
    if last := b"".join(rest):
        yield last
