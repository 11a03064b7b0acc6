"""A bucket that is a folder of this machine."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from headrace.connector_sdk.contract import LocalFile, Publishable, SourceFile, no_check
from headrace.connector_sdk.keys import UNFINISHED, changed, folder_of, gone, is_possible, path_of
from headrace.connector_sdk.together import together
from headrace.durable import flush
from headrace.errors import Stop

# A prefix that no folder can have, or one that went while the bucket was listed.
_NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})

# The disk takes as long for one file that is to be durable as for several.
_TOGETHER = 8

_Identity = tuple[int, int]
T = TypeVar("T")


@dataclass(frozen=True)
class FolderBucket:
    """An object is a file at the path of its key; an empty file is none, as in a StoreBucket.

    Links are followed. `makes_itself`: the folder is made by the first object that is put there.
    """

    name: str
    folder: Path
    makes_itself: bool

    def list(self, prefix: str) -> tuple[SourceFile, ...]:
        """See Bucket."""
        self._must_exist()
        return tuple(sorted(self._files(prefix), key=lambda file: file.key))

    def find(self, key: str) -> SourceFile | None:
        """See Bucket."""
        found = self._found(self.folder / path_of(self.name, key))
        return self.as_file(key, found) if found is not None and stat.S_ISREG(found.st_mode) else None

    def as_file(self, key: str, found: os.stat_result) -> SourceFile | None:
        """The object that a file of the folder is; None: an empty file is none."""
        if not found.st_size:
            return None
        name = f"s3://{self.name}/{key}"
        return SourceFile(name, key, found.st_size, _etag(found), found.st_mtime_ns // 1_000_000)

    def head(self, file: SourceFile, size_bytes: int) -> bytes:
        """See Bucket."""
        return self.part(file, 0, size_bytes)

    def part(self, file: SourceFile, offset: int, size_bytes: int) -> bytes:
        """See Bucket."""
        path = self._as_listed(file)
        try:
            with path.open("rb") as stream:
                stream.seek(offset)
                return stream.read(size_bytes)
        except OSError as error:
            raise Stop(f"{file.name} can't be read: {error}") from error

    def fetch(self, files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:  # noqa: ARG002 (the protocol's)
        """See Bucket: nothing is copied."""
        for file in files:
            yield LocalFile(file.name, self._as_listed(file), file.size_bytes, check=partial(self._as_listed, file))

    def publish(self, staged: Sequence[Publishable], check: Callable[[], None] = no_check) -> None:
        """See Bucket: each object appears whole, in one step, and survives a power failure (invariant 9)."""
        if not self.makes_itself:
            self._must_exist()
        parts = [_Part.of(file, self.folder, path_of(self.name, file.key)) for file in staged]
        try:
            touched = self._begun(parts, check)
            together([(self._doing, part.flush, part) for part in parts], at_a_time=_TOGETHER)
            for part in parts:
                check()
                self._doing(part.appear, part)
        finally:
            # Also after success: replacing a file by another name of itself leaves both.
            for part in parts:
                with suppress(OSError):
                    os.unlink(part.unfinished)  # noqa: PTH108 (see _Part)
        self._clear({part.beginning for part in parts})
        self._make_durable(touched)

    def _begun(self, parts: Sequence[_Part], check: Callable[[], None]) -> set[Path]:
        """Begin with each part; the folders in which a name is new then."""
        made: dict[str, set[Path]] = {}
        for part in parts:
            check()
            # No folder goes any more that a part lies in.
            if part.folder not in made:
                made[part.folder] = self._doing(part.make_folder, part)
            self._doing(part.begin, part)
        return set[Path]().union(*made.values())

    def _doing(self, step: Callable[[], T], part: _Part) -> T:
        try:
            return step()
        except OSError as error:
            raise Stop(f"s3://{self.name}/{part.file.key} can't be written: {error}") from error

    def remove(self, keys: Sequence[str]) -> None:
        """See Bucket: folders that nothing is left in go, too."""
        targets = [self.folder / path_of(self.name, key) for key in keys]
        for key, target in zip(keys, targets, strict=True):
            try:
                target.unlink(missing_ok=True)
                for above in takewhile(lambda each: each != self.folder, target.parents):
                    above.rmdir()
            except OSError as error:
                if error.errno not in _NOTHING_THERE | _NOT_EMPTY:
                    raise Stop(f"s3://{self.name}/{key} can't be removed: {error}") from error
        self._make_durable({target.parent for target in targets if target.parent.is_dir()})

    def _must_exist(self) -> None:
        if not self.folder.is_dir():
            raise Stop(f"The bucket {self.name!r} does not exist: {self.folder} is no folder. Make it.")

    # --- reading ----------------------------------------------------------------------------

    def _files(self, prefix: str) -> Iterator[SourceFile]:
        beginning = folder_of(prefix)
        if beginning is None:
            return
        folder, rest = self.folder / beginning, prefix.rpartition("/")[2]
        above = self._identities(folder)
        for entry in self.entries(folder):
            if entry.name.startswith(rest):
                yield from self._under(entry, prefix.removesuffix(rest) + entry.name, above)

    def _under(self, entry: os.DirEntry[str], key: str, above: frozenset[_Identity]) -> Iterator[SourceFile]:
        """The objects at and below an entry; `above` are the folders that lead to it."""
        found = self._found(entry)
        if found is None:
            return
        if stat.S_ISDIR(found.st_mode):
            here = (found.st_dev, found.st_ino)
            # A link to a folder above it: what it holds is listed there.
            if here not in above:
                for inner in self.entries(Path(entry.path)):
                    yield from self._under(inner, f"{key}/{inner.name}", above | {here})
        elif stat.S_ISREG(found.st_mode) and (file := self.as_file(key, found)) is not None:
            if not is_possible(key):
                raise Stop(f"{entry.path!r} in bucket {self.name!r} has a name that is not UTF-8. Rename it.")
            yield file

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What lies in one of the bucket's folders and is whole; nothing where it is none. Raises Stop."""
        try:
            with os.scandir(folder) as entries:
                return [entry for entry in entries if not entry.name.startswith(UNFINISHED)]
        except OSError as error:
            # Not to be passed over: records would be missing and nobody would know.
            if error.errno not in _NOTHING_THERE:
                raise Stop(f"The bucket {self.name!r} can't be listed: {error}") from error
            return []

    def _found(self, entry: os.DirEntry[str] | Path) -> os.stat_result | None:
        try:
            return entry.stat()
        except OSError as error:
            if error.errno not in _NOTHING_THERE:
                raise Stop(f"The bucket {self.name!r} can't be listed: {error}") from error
            return None

    def _identities(self, folder: Path) -> frozenset[_Identity]:
        """Of the folder and those between it and the bucket, the bucket's own included."""
        between = [folder, *folder.parents]
        found = [self._found(each) for each in between[: between.index(self.folder) + 1]]
        return frozenset((each.st_dev, each.st_ino) for each in found if each)

    def _as_listed(self, file: SourceFile) -> Path:
        path = self.folder / path_of(self.name, file.key)
        try:
            now = path.stat()
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                raise gone(file) from error
            raise Stop(f"{file.name} can't be read: {error}") from error
        if _etag(now) != file.etag:
            raise changed(file)
        return path

    # --- writing ----------------------------------------------------------------------------

    def _clear(self, beginnings: set[str]) -> None:
        """Remove what processes that were killed left of objects that are whole by now."""
        for folder in {os.path.dirname(each) for each in beginnings}:  # noqa: PTH120 (see _Part)
            try:
                with os.scandir(folder) as entries:
                    left = [entry.path for entry in entries if entry.name.startswith(UNFINISHED)]
            except OSError as error:
                raise Stop(f"The bucket {self.name!r} can't be listed: {error}") from error
            for path in left:
                if path.rpartition(".")[0] in beginnings:
                    Path(path).unlink(missing_ok=True)

    def _make_durable(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            try:
                flush(folder)
            except OSError as error:
                raise Stop(f"The bucket {self.name!r} can't be made durable: {error}") from error


def _etag(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"


def _made(folder: Path) -> set[Path]:
    """Make the folder; the folders in which a name is new then, `folder` among them."""
    missing = list(takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    return {folder, *(each.parent for each in missing)}


@dataclass(frozen=True)
class _Part:
    """An object on its way into the bucket, which has the name `unfinished` until it is durable.

    `beginning` is what all such names of the object begin with; each attempt adds an end of its own. The paths are
    text: of two thousand small objects the making of a Path costs as much as what is done with it.
    """

    file: Publishable
    folder: str
    target: str
    beginning: str
    unfinished: str

    @staticmethod
    def of(file: Publishable, bucket: Path, path: str) -> _Part:
        target = os.path.join(bucket, path)  # noqa: PTH118
        folder, name = os.path.split(target)
        digest = hashlib.blake2b(os.fsencode(name), digest_size=8).hexdigest()
        beginning = os.path.join(folder, f"{UNFINISHED}{digest}")  # noqa: PTH118
        return _Part(file, folder, target, beginning, f"{beginning}.{uuid.uuid4().hex}")

    def make_folder(self) -> set[Path]:
        """Make the object's folder; the folders with new names."""
        return _made(Path(self.folder))

    def begin(self) -> None:
        """Give the file a second name where the file system has that, else copy it.

        A second name is safe: nobody writes to a staged file once it is whole, and its first name goes with the
        staging folder.
        """
        try:
            os.link(self.file.path, self.unfinished)
        except OSError:
            shutil.copyfile(self.file.path, self.unfinished)

    def flush(self) -> None:
        flush(self.unfinished)

    def appear(self) -> None:
        os.replace(self.unfinished, self.target)  # noqa: PTH105
