"""Files as a test plants and stages them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.engine.coming import whole
from headrace.engine.results import StagedFile


def plant(folder: Path, bodies: dict[str, bytes]) -> None:
    for key, body in bodies.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def staged(folder: Path, key: str, body: bytes) -> StagedFile:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{len(list(folder.iterdir())):05d}"
    path.write_bytes(body)
    return StagedFile(str(path), key, len(body))


def keys(files: Iterable[SourceFile]) -> list[str]:
    return [file.key for file in files]


def bodies(files: Iterable[LocalFile]) -> list[bytes]:
    """What is in each file; copies are deleted, as whoever reads them does."""
    read: list[bytes] = []
    for file in map(whole, files):
        read.append(file.path.read_bytes())
        if file.is_copy:
            file.path.unlink()
    return read
