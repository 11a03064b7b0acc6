"""Buckets: where each lies, and its objects, whatever keeps them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from headrace.connector_sdk.contract import LocalFile, Publishable, SourceFile, no_check
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.keys import checked_bucket
from headrace.errors import SettingsError
from headrace.later import Later
from headrace.settings import Settings

if TYPE_CHECKING:
    from headrace.connector_sdk import stores
else:
    stores = Later("headrace.connector_sdk.stores")

SCHEMES = ("s3", "gs", "az", "file")


class Bucket(Protocol):
    """One bucket. Every method raises Retry or Stop.

    An object without a byte is no object here: it holds no record, and folders' markers look like it.
    """

    def list(self, prefix: str) -> tuple[SourceFile, ...]:
        """Its objects whose keys begin with `prefix`, any text, sorted by key."""
        ...

    def find(self, key: str) -> SourceFile | None:
        """The object at the key; None where none is."""
        ...

    def head(self, file: SourceFile, size_bytes: int) -> bytes:
        """The first bytes of an object."""
        ...

    def part(self, file: SourceFile, offset: int, size_bytes: int) -> bytes:
        """Bytes of an object from `offset` (from 0) on, fewer only at its end."""
        ...

    def fetch(self, files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        """Each object on this machine; see FileSource.fetch."""
        ...

    def publish(self, staged: Sequence[Publishable], check: Callable[[], None] = no_check) -> None:
        """Make staged files objects; see FileDestination.publish."""
        ...

    def remove(self, keys: Sequence[str]) -> None:
        """Remove the objects with these keys, where they are there."""
        ...


class Buckets:
    """Finds a bucket by its name: mapped in words, else on the S3 server, else a folder of the data folder.

    Credentials alone never send a bucket anywhere. `environment` is where they come from, together
    with the settings that AWS's own tools read there.

    Raises SettingsError for a URL of `settings.buckets` that can't be one.
    """

    def __init__(
        self, settings: Settings, environment: Mapping[str, str] = os.environ, patience: stores.Patience | None = None
    ) -> None:
        self._mapping: Mapping[str, str] = settings.buckets
        self._folder = settings.data / "buckets"
        self._default = "s3://" if settings.s3_endpoint else None
        self._settings = settings
        self._environment = environment
        self._patience = patience
        for name, url in self._mapping.items():
            _check(name, url)

    @cached_property
    def _stores(self) -> stores.Stores:
        # Made for the first bucket that is no folder.
        return stores.Stores(
            region=self._settings.region,
            s3_endpoint=self._settings.s3_endpoint,
            environment=self._environment,
            patience=self._patience or stores.Patience(),
        )

    def open(self, name: str) -> Bucket:
        """The bucket of that name, whether or not it is there.

        Raises Stop if the name can't be one, or if settings or credentials that its URL needs are missing.
        """
        url = self._mapping.get(name)
        if url is None or url.endswith("://"):
            url = self._among_others(checked_bucket(name), url or self._mapping.get("*", self._default))
        if url is None:
            return FolderBucket(name, self._folder / name, makes_itself=True)
        scheme, _, place = url.partition("://")
        if scheme == "file":
            return FolderBucket(name, Path(unquote(place)), makes_itself=False)
        return self._stores.bucket(name, url)

    def at(self, name: str, url: str) -> Bucket:
        """What lies at a URL, under a name for messages; a folder is made by the first object that is put there."""
        scheme, _, place = url.partition("://")
        if scheme == "file":
            return FolderBucket(name, Path(unquote(place)), makes_itself=True)
        return self._stores.bucket(name, url)

    @staticmethod
    def _among_others(name: str, everywhere: str | None) -> str | None:
        if everywhere is None:
            return None
        return everywhere + name if everywhere.endswith("://") else f"{everywhere.rstrip('/')}/{name}"


def _check(name: str, url: str) -> None:
    scheme, separator, place = url.partition("://")
    if not separator or scheme not in SCHEMES:
        allowed = ", ".join(f"{each}://" for each in SCHEMES)
        raise SettingsError(f"Bucket {name!r} lies at {url!r}: allowed are URLs that begin with {allowed}")
    if "@" in place.partition("/")[0]:
        raise SettingsError(
            f"Bucket {name!r} lies at a {scheme}:// URL with a user: credentials come from AWS_… variables"
        )
    if scheme == "file" and not place.startswith("/"):
        raise SettingsError(f"Bucket {name!r} lies at {url!r}: a file URL holds an absolute path: file:///data/lake")
