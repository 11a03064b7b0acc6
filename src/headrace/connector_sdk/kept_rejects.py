"""Which files of rejected records an execution left, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote


@dataclass(frozen=True)
class Kept:
    """The files of rejected records of one execution: objects of JSON Lines, named `prefix` and a number from 1.

    They lie in `bucket`, that of the flow's errorHandlingConfig; None: at `url`, which was HEADRACE_REJECTS then.
    `is_whole`: the execution came to its end, so that what it did not reject needs no other run.
    """

    url: str
    bucket: str | None
    prefix: str
    files: int
    records: int
    size_bytes: int
    is_whole: bool

    def __str__(self) -> str:
        """The place, as a message names it."""
        return place_of(self.url, self.bucket, self.prefix)


def place_of(url: str, bucket: str | None, prefix: str) -> str:
    """Where files with that prefix lie, as a message names it."""
    if bucket is not None:
        return f"s3://{bucket}/{prefix}"
    folder = folder_at(url)
    return f"{url.rstrip('/')}/{prefix}" if folder is None else str(folder / prefix)


def url_of(folder: Path) -> str:
    """The URL of a folder."""
    return f"file://{quote(str(folder.absolute()))}"


def folder_at(url: str) -> Path | None:
    """The folder that the URL is of; None: it is an object store's."""
    return Path(unquote(url.removeprefix("file://"))) if url.startswith("file://") else None
