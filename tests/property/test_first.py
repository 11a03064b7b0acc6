"""A split with a limit is the beginning of the same split without one, whatever the files hold."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.engine.formats import InputFormat
from headrace.engine.tasks import Filter, Map, Tasks
from headrace.runner.heads import Heads, whole_records
from tests.oracle.running import Bench

TASKS = Tasks(
    filters=(Filter(0, "keep", "EQUAL_TO", "string", ("y",)),),
    maps=(Map(1, "id", "id", None), Map(2, "text", "text", None)),
)
BAD = object()
texts = st.sampled_from(["plain", "", "two\nlines", 'a "quote"', "é,ü"])
records = st.one_of(st.tuples(st.sampled_from("yn"), texts), st.just(BAD))
sources = st.lists(st.lists(records, max_size=12), min_size=1, max_size=3)


@dataclass
class Objects:
    """Files in memory; remembers which were fetched whole, and how much was read of the others."""

    bodies: Mapping[str, bytes]
    folder: Path

    def listed(self) -> list[SourceFile]:
        return [SourceFile(f"s3://raw/{key}", key, len(body), None, 0) for key, body in self.bodies.items()]

    def files(self, properties: Mapping[str, Any]) -> tuple[SourceFile, ...]:
        return tuple(self.listed())

    def find(self, properties: Mapping[str, Any], key: str) -> SourceFile | None:
        return next((file for file in self.listed() if file.key == key), None)

    def head(self, properties: Mapping[str, Any], file: SourceFile, size_bytes: int) -> bytes:
        self.seen[file.key] = size_bytes
        return self.bodies[file.key][:size_bytes]

    def fetch(self, properties: Mapping[str, Any], files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        for file in files:
            self.seen[file.key] = len(self.bodies[file.key])
            path = self.folder / f"whole-{file.key}"
            path.write_bytes(self.bodies[file.key])
            yield LocalFile(file.name, path, file.size_bytes, is_copy=True)

    def __post_init__(self) -> None:
        self.seen: dict[str, int] = {}


def csv_of(lines: Sequence[Any], first: int) -> bytes:
    rows = ["id,keep,text"]
    for number, line in enumerate(lines, first):
        quoted = "" if line is BAD else line[1].replace('"', '""')
        rows.append("1,2,3,4,5,6" if line is BAD else f'{number},{line[0]},"{quoted}"')
    return ("\n".join(rows) + "\n").encode()


def json_of(lines: Sequence[Any], first: int) -> bytes:
    rows = [
        "no object" if line is BAD else json.dumps({"id": str(number), "keep": line[0], "text": line[1]})
        for number, line in enumerate(lines, first)
    ]
    return "".join(f"{row}\n" for row in rows).encode()


def bodies_of(files: Sequence[Sequence[Any]], kind: InputFormat, *, packed: bool) -> dict[str, bytes]:
    made = csv_of if kind == "csv" else json_of
    found = {f"{place}": made(lines, place * 100) for place, lines in enumerate(files)}
    return {key: gzip.compress(body) if packed else body for key, body in found.items() if body}


def expected(files: Sequence[Sequence[Any]], limit: int) -> tuple[list[str], int, int]:
    """The ids that are written, and how many records are dropped and malformed before the last of them."""
    kept: list[str] = []
    dropped = malformed = 0
    for place, lines in enumerate(files):
        for number, line in enumerate(lines, place * 100):
            if len(kept) == limit:
                return kept, dropped, malformed
            if line is BAD:
                malformed += 1
            elif line[0] == "y":
                kept.append(str(number))
            else:
                dropped += 1
    return kept, dropped, malformed


@given(
    files=sources,
    limit=st.integers(1, 14),
    kind=st.sampled_from(["csv", "json"]),
    packed=st.booleans(),
    heads=st.sampled_from([(), (20,), (40, 90), (10, 20, 40, 80)]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_limit_ends_a_split_with_the_last_record_wanted(
    bench: Bench, files: list[list[Any]], limit: int, kind: InputFormat, packed: bool, heads: tuple[int, ...]
) -> None:
    folder = bench.folder()
    source = Objects(bodies_of(files, kind, packed=packed), folder)
    begun = Heads(source, {}, kind, folder / "heads", heads).of(source.listed())

    ran = bench.run_order(replace(bench.order(TASKS, begun, input=kind), limit=limit))

    kept, dropped, malformed = expected(files, limit)
    assert [record["id"] for record in ran.records()] == kept
    assert len(ran.result.outputs) == (1 if kept else 0)
    counts = ran.counts
    assert counts.balanced
    assert (counts.records_written, sum(counts.dropped.values()), counts.records_rejected) == (
        len(kept),
        dropped,
        malformed,
    )
    assert len(ran.rejects) == malformed


@given(head=st.binary(max_size=40).map(lambda raw: raw.replace(b"\x00", b'"').replace(b"\x01", b"\n")))
def test_a_head_ends_with_a_line_that_lies_between_no_quotes(head: bytes) -> None:
    found = whole_records(head, has_quotes=True)
    ends = [place + 1 for place in range(len(head)) if head[place : place + 1] == b"\n"]
    outside = [end for end in ends if head[:end].count(b'"') % 2 == 0]
    assert found == head[: max(outside, default=0)]
    assert whole_records(head, has_quotes=False) == head[: max(ends, default=0)]
