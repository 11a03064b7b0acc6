"""A bucket in an object store: S3 and what speaks it, Google Cloud Storage, Azure."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import obstore
from obstore.store import ObjectStore

from headrace.connector_sdk.contract import LocalFile, Publishable, SourceFile, no_check
from headrace.connector_sdk.keys import changed, folder_of, path_of
from headrace.connector_sdk.read_ahead import TOGETHER, Progress, read_ahead
from headrace.connector_sdk.store_errors import StoreErrors
from headrace.connector_sdk.together import together
from headrace.errors import Retry, Stop

if TYPE_CHECKING:
    from obstore import GetOptions

_PAGE = 1000
# Larger ones are put together of what came, in memory that is new each time: twice the processor time.
_BLOCK_BYTES = 512 * 1024
# A file goes up in parts of at least so much, at most so many (S3 takes 10,000), some at a time.
_PART_BYTES = 8 * 1024 * 1024
_PARTS = 9_000
_PARTS_TOGETHER = 4


@dataclass(frozen=True)
class StoreBucket:
    """`reading` and `sending` are clients of the same store that differ in how long they wait."""

    name: str
    reading: ObjectStore
    sending: ObjectStore
    errors: StoreErrors

    def list(self, prefix: str) -> tuple[SourceFile, ...]:
        """See Bucket."""
        # The client's own prefixes end at slashes; ours is any text.
        folder = folder_of(prefix)
        if folder is None:
            return ()
        with self.errors.of(prefix):
            # Untyped: another of its overloads needs a package that headrace does without.
            pages = cast("Any", obstore).list(self.reading, prefix=folder or None, chunk_size=_PAGE)
            found = [meta for page in pages for meta in page if meta["path"].startswith(prefix)]
        # An empty object holds no record, and the client can't tell it from a folder's marker.
        return tuple(sorted((self._file(meta) for meta in found if meta["size"]), key=lambda file: file.key))

    def find(self, key: str) -> SourceFile | None:
        """See Bucket."""
        with self.errors.of(key):
            try:
                meta = obstore.head(self.reading, path_of(self.name, key))
            except FileNotFoundError:
                return None
        return self._file(cast("Mapping[str, Any]", meta)) if meta["size"] else None

    def head(self, file: SourceFile, size_bytes: int) -> bytes:
        """See Bucket."""
        return self.part(file, 0, size_bytes)

    def part(self, file: SourceFile, offset: int, size_bytes: int) -> bytes:
        """See Bucket."""
        if offset >= file.size_bytes:
            return b""
        options = _as_listed(file) | {"range": (offset, min(offset + size_bytes, file.size_bytes))}
        with self.errors.of(file.key):
            return bytes(obstore.get(self.reading, file.key, options=options).bytes())

    def fetch(self, files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        """See Bucket: the next few objects are fetched while one is read, large ones in parts."""
        return read_ahead(files, scratch, self._copy)

    def publish(self, staged: Sequence[Publishable], check: Callable[[], None] = no_check) -> None:
        """See Bucket: large files go up in parts, which become visible together."""
        keys = [path_of(self.name, file.key) for file in staged]

        def put(source: Path, key: str) -> None:
            check()
            self._put(source, key)

        together([(put, Path(file.path), key) for file, key in zip(staged, keys, strict=True)], at_a_time=TOGETHER)

    def remove(self, keys: Sequence[str]) -> None:
        """See Bucket."""
        together([(self._delete, path_of(self.name, key)) for key in keys], at_a_time=TOGETHER)

    def _file(self, meta: Mapping[str, Any]) -> SourceFile:
        modified: datetime = meta["last_modified"]
        key = str(meta["path"])
        at_ms = int(modified.astimezone(UTC).timestamp() * 1000)
        return SourceFile(f"s3://{self.name}/{key}", key, int(meta["size"]), meta.get("e_tag"), at_ms)

    def _copy(self, file: SourceFile, part: range, target: Path, progress: Progress) -> None:
        options, written = _as_listed(file), 0
        if len(part) < file.size_bytes:
            options = options | {"range": (part.start, part.stop)}
        with self.errors.of(file.key):
            got = obstore.get(self.reading, file.key, options=options)
            # Some servers don't know conditions.
            if file.etag is not None and got.meta.get("e_tag") not in {None, file.etag}:
                raise changed(file)
            with _local(file), _opened(target) as stream:
                stream.seek(part.start)
                for block in got.stream(min_chunk_size=_BLOCK_BYTES):
                    if progress.stopped.is_set():
                        break
                    written += stream.write(block)
                    stream.flush()
                    progress.tell(written)
        if written != len(part) and not progress.stopped.is_set():
            raise Retry(f"{file.name} broke off after {part.start + written} of {file.size_bytes} bytes.")

    def _delete(self, key: str) -> None:
        with self.errors.of(key), suppress(FileNotFoundError):
            obstore.delete(self.sending, key)

    def _put(self, source: Path, key: str) -> None:
        try:
            size_bytes = source.stat().st_size
        except OSError as error:
            raise Stop(f"s3://{self.name}/{key} can't be written: {error}") from error
        part_bytes = max(_PART_BYTES, -(-size_bytes // _PARTS))
        with self.errors.of(key):
            obstore.put(self.sending, key, source, chunk_size=part_bytes, max_concurrency=_PARTS_TOGETHER)


def _as_listed(file: SourceFile) -> GetOptions:
    """The object as it was listed: one that changed since is another object."""
    return {"if_match": file.etag} if file.etag else {}


def _opened(path: Path) -> BinaryIO:
    """For writing, with what other parts have written there."""
    return open(path, "r+b", opener=lambda name, flags: os.open(name, flags | os.O_CREAT, 0o666))


@contextmanager
def _local(file: SourceFile) -> Generator[None]:
    """Errors of this machine, among those of the store, which are no OSErrors but for 404."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Stop(f"{file.name} can't be copied to this machine: {error}") from error
