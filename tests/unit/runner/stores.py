"""An object store in memory, as every place that the runner reads from and writes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.connector_sdk.contract import LocalFile, Publishable, SourceFile, no_check
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.objects import Bucket
from headrace.errors import Stop
from headrace.flow.plan import Plan


class Objects:
    """An object store in memory: source and destination of every flow of the rig."""

    def __init__(self, objects: Mapping[tuple[str, str], str] | None = None) -> None:
        self.objects: dict[tuple[str, str], str] = dict(objects or {})
        self.published: list[tuple[str, str]] = []
        self.listed = 0
        self.changed_ms: dict[str, int] = {}
        self.on_list: Callable[[], None] = lambda: None
        self.on_fetch: Callable[[], None] = lambda: None
        self.on_publish: Callable[[str], None] = lambda bucket: None
        self.on_remove: Callable[[str], None] = lambda key: None

    def files(self, properties: Mapping[str, Any]) -> tuple[SourceFile, ...]:
        self.listed += 1
        self.on_list()
        wanted = (properties["bucketName"], properties.get("bucketPrefix", ""))
        return tuple(
            SourceFile(
                name=f"s3://{bucket}/{key}",
                key=key,
                size_bytes=len(text),
                etag="e",
                modified_ms=self.changed_ms.get(key, 0),
            )
            for (bucket, key), text in sorted(self.objects.items())
            if bucket == wanted[0] and key.startswith(wanted[1])
        )

    def find(self, properties: Mapping[str, Any], key: str) -> SourceFile | None:
        return next((file for file in self.files({"bucketName": properties["bucketName"]}) if file.key == key), None)

    def fetch(self, properties: Mapping[str, Any], files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        scratch.mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(files):
            self.on_fetch()
            if ("raw", file.key) not in self.objects:
                raise Stop(f"{file.name} is gone: it was listed when the execution began")
            path = scratch / str(number)
            path.write_text(self.objects["raw", file.key], encoding="utf-8")
            yield LocalFile(name=file.name, path=path, size_bytes=file.size_bytes)

    def head(self, properties: Mapping[str, Any], file: SourceFile, size_bytes: int) -> bytes:
        return self.objects["raw", file.key].encode()[:size_bytes]

    def publish(
        self, properties: Mapping[str, Any], staged: Sequence[Publishable], check: Callable[[], None] = no_check
    ) -> None:
        bucket = properties["bucketName"]
        for file in staged:
            check()
            self.on_publish(bucket)
            self.objects[bucket, file.key] = Path(file.path).read_text("utf-8")
            self.published.append((bucket, file.key))

    def remove(self, properties: Mapping[str, Any], keys: Sequence[str]) -> None:
        for key in keys:
            self.on_remove(key)
            self.objects.pop((properties["bucketName"], key), None)

    def output(self, bucket: str = "lake") -> dict[str, str]:
        return {key: text for (where, key), text in self.objects.items() if where == bucket}


@dataclass(frozen=True)
class ErrorBucket:
    """A bucket that a flow names for its rejects, among the rig's objects."""

    name: str
    objects: Objects

    def publish(self, staged: Sequence[Publishable], check: Callable[[], None] = no_check) -> None:
        self.objects.publish({"bucketName": self.name}, staged, check)

    def remove(self, keys: Sequence[str]) -> None:
        self.objects.remove({"bucketName": self.name}, keys)


@dataclass(frozen=True)
class RigBuckets:
    """The rig's objects, and folders of this machine."""

    objects: Objects

    def open(self, name: str) -> Any:
        return ErrorBucket(name, self.objects)

    def at(self, name: str, url: str) -> Bucket:
        return FolderBucket(name, Path(url.removeprefix("file://")), makes_itself=True)


class Connectors:
    """A registry in which S3 is the rig's objects."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.absent: str | None = None
        self.buckets = RigBuckets(objects)

    def source(self, connector_type: str) -> Objects:
        return self._objects

    def destination(self, connector_type: str) -> Objects:
        return self._objects

    def missing(self, plan: Plan) -> str | None:
        return self.absent
