"""Buckets: where each lies, and its objects, whatever keeps them."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore import exceptions
from obstore.store import ObjectStore, S3Store, from_url

from headrace.connector_sdk.contract import LocalFile, Publishable, SourceFile
from headrace.errors import Retry, SettingsError, Stop
from headrace.settings import Settings

if TYPE_CHECKING:
    from obstore import GetOptions

_BLOCK_BYTES = 8 * 1024 * 1024
# How many objects are fetched or published at the same time, and how many wait on disk ahead of use.
_TOGETHER = 4
_UNFINISHED = ".headrace-unfinished-"


class Bucket(Protocol):
    """One bucket. Every method raises Retry or Stop."""

    def list(self, prefix: str) -> tuple[SourceFile, ...]:
        """Its objects whose keys begin with `prefix`, any text, sorted by key."""
        ...

    def head(self, file: SourceFile, size_bytes: int) -> bytes:
        """The first bytes of an object."""
        ...

    def fetch(self, files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        """Each object on this machine; see FileSource.fetch."""
        ...

    def publish(self, staged: Sequence[Publishable]) -> None:
        """Make staged files objects; see FileDestination.publish."""
        ...


class Buckets:
    """Finds a bucket by its name: mapped in words, else on the S3 server, else a folder of the data folder."""

    def __init__(self, settings: Settings) -> None:
        self._mapping: Mapping[str, str] = settings.buckets
        self._folder = settings.data / "buckets"
        self._s3: dict[str, Any] = {"region": settings.region}
        self._default = ""
        if settings.s3_endpoint is not None:
            self._default = "s3://"
            self._s3["endpoint"] = settings.s3_endpoint
            self._s3["client_options"] = {"allow_http": settings.s3_endpoint.startswith("http://")}

    def open(self, name: str) -> Bucket:
        """The bucket of that name, whether or not it is there. Raises SettingsError for a bad URL."""
        url = self._mapping.get(name)
        if url is None and (everywhere := self._mapping.get("*", self._default)):
            url = everywhere if everywhere.endswith("://") else f"{everywhere.rstrip('/')}/{name}"
        if url is None:
            return FolderBucket(name, self._folder / name, makes_itself=True)
        parts = urlsplit(url)
        if parts.scheme == "file":
            return FolderBucket(name, Path(unquote(parts.path)), makes_itself=False)
        return StoreBucket(name, self._store(name, url))

    def _store(self, name: str, url: str) -> ObjectStore:
        if url.endswith("://"):
            url += name
        try:
            if url.startswith("s3://"):
                parts = urlsplit(url)
                return S3Store(parts.netloc, prefix=parts.path.strip("/") or None, **self._s3)
            return from_url(url)
        except (exceptions.BaseError, ValueError) as error:
            raise SettingsError(f"Bucket {name!r} can't be opened at {url!r}: {error}") from error


@dataclass(frozen=True)
class FolderBucket:
    """A bucket that is a folder of this machine; an object is a file at the path of its key.

    `makes_itself`: the folder is made by the first object that is put there.
    """

    name: str
    folder: Path
    makes_itself: bool

    def list(self, prefix: str) -> tuple[SourceFile, ...]:
        """See Bucket."""
        if not self.folder.is_dir():
            raise Stop(f"The bucket {self.name!r} does not exist: {self.folder} is no folder. Make it.")
        found = [self._file(path) for path in self._paths(prefix)]
        return tuple(sorted((file for file in found if file.key.startswith(prefix)), key=lambda file: file.key))

    def _paths(self, prefix: str) -> Iterator[Path]:
        beginning = prefix.rpartition("/")[0]
        if prefix.startswith("/") or ".." in beginning.split("/"):
            return
        for folder, _, names in os.walk(self.folder / beginning, followlinks=True):
            yield from (Path(folder, name) for name in names if not name.startswith(_UNFINISHED))

    def _file(self, path: Path) -> SourceFile:
        key = path.relative_to(self.folder).as_posix()
        found = path.stat()
        etag = f"{found.st_mtime_ns:x}-{found.st_size:x}"
        return SourceFile(f"s3://{self.name}/{key}", key, found.st_size, etag, found.st_mtime_ns // 1_000_000)

    def head(self, file: SourceFile, size_bytes: int) -> bytes:
        """See Bucket."""
        try:
            with self._path(file.key).open("rb") as stream:
                return stream.read(size_bytes)
        except OSError as error:
            raise _gone(file) from error

    def fetch(self, files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:  # noqa: ARG002 (the protocol's)
        """See Bucket: nothing is copied."""
        for file in files:
            path = self._path(file.key)
            try:
                now = self._file(path)
            except OSError as error:
                raise _gone(file) from error
            if now.etag != file.etag:
                raise _changed(file)
            yield LocalFile(file.name, path, file.size_bytes)

    def publish(self, staged: Sequence[Publishable]) -> None:
        """See Bucket: each object appears whole, in one step."""
        if not self.makes_itself and not self.folder.is_dir():
            raise Stop(f"The bucket {self.name!r} does not exist: {self.folder} is no folder. Make it.")
        for file in staged:
            try:
                self._put(Path(file.path), self._path(file.key))
            except OSError as error:
                raise Stop(f"s3://{self.name}/{file.key} can't be written: {error}") from error

    def _put(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.parent / f"{_UNFINISHED}{uuid.uuid4().hex}"
        try:
            _link_or_copy(source, unfinished)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        parts = [part for part in key.split("/") if part]
        if not parts or not {".", ".."}.isdisjoint(parts):
            raise Stop(f"The key {key!r} can't be a path in the folder of bucket {self.name!r}. Choose another prefix.")
        return self.folder.joinpath(*parts)


def _link_or_copy(source: Path, target: Path) -> None:
    """The same file under a second name where the file system has that, else a durable copy."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
    with target.open("rb") as stream:
        os.fsync(stream.fileno())


@dataclass(frozen=True)
class StoreBucket:
    """A bucket in an object store: S3 and what speaks it, Google Cloud Storage, Azure."""

    name: str
    store: ObjectStore

    def list(self, prefix: str) -> tuple[SourceFile, ...]:
        """See Bucket."""
        # The store's own prefixes end at slashes; ours is any text.
        folder = prefix.rpartition("/")[0]
        with self._spoken(prefix):
            found = [meta for page in obstore.list(self.store, prefix=folder or None) for meta in page]
        files = [self._file(meta) for meta in found if meta["path"].startswith(prefix)]
        files = [file for file in files if file.size_bytes or not file.key.endswith("/")]
        return tuple(sorted(files, key=lambda file: file.key))

    def _file(self, meta: Mapping[str, Any]) -> SourceFile:
        modified: datetime = meta["last_modified"]
        key = str(meta["path"])
        at_ms = int(modified.astimezone(UTC).timestamp() * 1000)
        return SourceFile(f"s3://{self.name}/{key}", key, int(meta["size"]), meta.get("e_tag"), at_ms)

    def head(self, file: SourceFile, size_bytes: int) -> bytes:
        """See Bucket."""
        if not file.size_bytes:
            return b""
        with self._spoken(file.key):
            return bytes(obstore.get_range(self.store, file.key, start=0, length=min(size_bytes, file.size_bytes)))

    def fetch(self, files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        """See Bucket: the next few objects are fetched while one is read."""
        folder = scratch / uuid.uuid4().hex
        folder.mkdir(parents=True)
        pool = ThreadPoolExecutor(_TOGETHER, thread_name_prefix="fetch")
        try:
            yield from self._ahead(pool, files, folder)
        finally:
            pool.shutdown(cancel_futures=True)

    def _ahead(self, pool: ThreadPoolExecutor, files: Sequence[SourceFile], folder: Path) -> Iterator[LocalFile]:
        coming: list[Future[LocalFile]] = []
        for place, file in enumerate(files):
            coming.append(pool.submit(self._copy, file, folder / f"{place:06d}"))
            if len(coming) >= _TOGETHER:
                yield coming.pop(0).result()
        while coming:
            yield coming.pop(0).result()

    def _copy(self, file: SourceFile, target: Path) -> LocalFile:
        with self._spoken(file.key), target.open("wb") as stream:
            # The object as it was listed: one that changed since is another object.
            options: GetOptions = {"if_match": file.etag} if file.etag else {}
            for block in obstore.get(self.store, file.key, options=options).stream(min_chunk_size=_BLOCK_BYTES):
                stream.write(block)
        return LocalFile(file.name, target, file.size_bytes, is_copy=True)

    def publish(self, staged: Sequence[Publishable]) -> None:
        """See Bucket: large files go up in parts, which become visible together."""
        with ThreadPoolExecutor(_TOGETHER, thread_name_prefix="publish") as pool:
            for done in [pool.submit(self._put, file) for file in staged]:
                done.result()

    def _put(self, file: Publishable) -> None:
        with self._spoken(file.key):
            obstore.put(self.store, file.key, Path(file.path))

    @contextmanager
    def _spoken(self, key: str) -> Generator[None]:
        """The store's errors as ours."""
        place = f"s3://{self.name}/{key}"
        try:
            yield
        except FileNotFoundError as error:
            raise Stop(f"{place} does not exist: {_said(error)}") from error
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise Stop(f"Access to {place} was refused: {_said(error)}. Check the credentials.") from error
        except exceptions.PreconditionError as error:
            raise Stop(f"{place} has changed since the run began. Start the flow again.") from error
        except exceptions.BaseError as error:
            raise Retry(f"The store of {place} failed: {_said(error)}") from error


def _said(error: Exception) -> str:
    """The first line of what the store said: the rest is its client's inner life."""
    return str(error).partition("\n")[0]


def _gone(file: SourceFile) -> Stop:
    return Stop(f"{file.name} is gone since the run began. Start the flow again.")


def _changed(file: SourceFile) -> Stop:
    return Stop(f"{file.name} has changed since the run began. Start the flow again.")
