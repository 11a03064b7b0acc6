"""Amazon S3, and every other place that a bucket may lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headrace.connector_sdk.contract import LocalFile, Publishable, SourceFile, no_check
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.folder_watch import FolderWatch
from headrace.connector_sdk.listening import Interest, Subscription
from headrace.connector_sdk.objects import Buckets
from headrace.connector_sdk.registry import Connector


class S3:
    """Source and destination; `properties` are S3SourceProperties or S3DestinationProperties."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def files(self, properties: Mapping[str, Any]) -> tuple[SourceFile, ...]:
        """Every object whose key begins with bucketPrefix, which is any text, not a folder."""
        return self._buckets.open(properties["bucketName"]).list(properties.get("bucketPrefix") or "")

    def find(self, properties: Mapping[str, Any], key: str) -> SourceFile | None:
        """See FileSource."""
        return self._buckets.open(properties["bucketName"]).find(key)

    def fetch(self, properties: Mapping[str, Any], files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        """See FileSource."""
        return self._buckets.open(properties["bucketName"]).fetch(files, scratch)

    def head(self, properties: Mapping[str, Any], file: SourceFile, size_bytes: int) -> bytes:
        """See FileSource."""
        return self._buckets.open(properties["bucketName"]).head(file, size_bytes)

    def subscribe(self, interest: Interest) -> Subscription | None:
        """See EventSource: a bucket that is a folder is watched, others send notifications."""
        bucket = self._buckets.open(interest.properties["bucketName"])
        return FolderWatch(bucket, interest) if isinstance(bucket, FolderBucket) else None

    def publish(
        self, properties: Mapping[str, Any], staged: Sequence[Publishable], check: Callable[[], None] = no_check
    ) -> None:
        """See FileDestination."""
        self._buckets.open(properties["bucketName"]).publish(staged, check)

    def remove(self, properties: Mapping[str, Any], keys: Sequence[str]) -> None:
        """See FileDestination."""
        self._buckets.open(properties["bucketName"]).remove(keys)


CONNECTOR = Connector("S3", source=S3, destination=S3)
