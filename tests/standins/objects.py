"""What lies in buckets, the same way for the embedded store and for an S3 server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import boto3


class Objects(Protocol):
    """Buckets that a test fills and looks into."""

    def make(self, bucket: str) -> None: ...

    def put(self, bucket: str, key: str, body: bytes) -> None: ...

    def read(self, bucket: str, prefix: str = "") -> Mapping[str, bytes]:
        """Every object under a string prefix, by key in order."""
        ...


class EmbeddedObjects:
    """Buckets as folders under DATA/buckets."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "buckets"

    def make(self, bucket: str) -> None:
        (self.folder / bucket).mkdir(parents=True, exist_ok=True)

    def put(self, bucket: str, key: str, body: bytes) -> None:
        path = self.folder / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def read(self, bucket: str, prefix: str = "") -> Mapping[str, bytes]:
        root = self.folder / bucket
        files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        return {key: files[key].read_bytes() for key in sorted(files) if key.startswith(prefix)}


class ServerObjects:
    """Buckets of an S3 server."""

    def __init__(self, url: str, access_key: str, secret_key: str) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
        )
        self._made: set[str] = set()

    def make(self, bucket: str) -> None:
        if bucket not in self._made:
            self._client.create_bucket(Bucket=bucket)
            self._made.add(bucket)

    def put(self, bucket: str, key: str, body: bytes) -> None:
        self.make(bucket)
        self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def read(self, bucket: str, prefix: str = "") -> Mapping[str, bytes]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = sorted(item["Key"] for page in pages for item in page.get("Contents", ()))
        return {key: self._body(bucket, key) for key in keys}

    def close(self) -> None:
        self._client.close()

    def _body(self, bucket: str, key: str) -> bytes:
        with self._client.get_object(Bucket=bucket, Key=key)["Body"] as body:
            return body.read()
