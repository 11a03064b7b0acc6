"""What a run of a plan would do, as far as it is known before."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.records import Query
from headrace.engine.readable import Explained


@dataclass(frozen=True, slots=True)
class Splitting:
    """The files of each split, none where the source answers pages of records, which are one split.

    Files go together up to `most_files` and `most_bytes`.
    """

    splits: tuple[tuple[SourceFile, ...], ...]
    most_files: int
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """Where splits run, and what the engine may take there.

    `stays_because` says why they stay on this machine though a Ray cluster is set.
    """

    is_cluster: bool
    stays_because: str | None
    memory_limit_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`place` is where is read, in people's words. `query` is what a source of records is asked for, None: files.

    `looked_files` of the source's files were looked into; `not_looked` says why none was.
    """

    place: str
    splitting: Splitting
    query: Query | None
    statement: Explained
    looked_files: int
    not_looked: str | None
    room: Room
