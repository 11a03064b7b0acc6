"""Files of several buffers: exact counts and lines, wherever in them the bad records are."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from headrace.engine.layout import Output
from headrace.engine.tasks import Map, MapAll, Tasks
from tests.oracle.running import Bench

TYPED = Output("out", file_type="PARQUET", keeps_types=True)
BLOCK_RECORDS = 30_000
BLOCKS = 20
TEXT = b"x" * 50


def csv_block(first: int, extra: bytes) -> bytes:
    records = (
        b'%d,"%b\n%b"\n' % (n, TEXT, TEXT) if n % 10 == 0 else b"%d,%b%b\n" % (n, TEXT, TEXT)
        for n in range(first, first + BLOCK_RECORDS)
    )
    return b"".join(records) + extra


@pytest.mark.parametrize("pack", [bytes, lambda content: gzip.compress(content, 1)], ids=["plain", "gzip"])
def test_a_large_csv_file_is_counted_to_the_last_record(bench: Bench, pack: Callable[[bytes], bytes]) -> None:
    extras = {3: b"1,2,3\nbad,x\n", 11: b'bad,"y\nz"\n1\n', 19: b"bad,\xff\nbad,end\n"}
    parts = [csv_block(block * BLOCK_RECORDS, extras.get(block, b"")) for block in range(BLOCKS)]
    content = pack(b"a,b\n" + b"".join(parts))
    ran = bench.split(
        bench.order(
            Tasks(maps=(Map(0, "a", "a", "bigint"), Map(1, "b", "b", None))), [bench.file(content)], output=TYPED
        )
    )
    counts = ran.counts
    assert (counts.records_written, counts.records_rejected) == (BLOCKS * BLOCK_RECORDS, 6)
    assert counts.balanced
    assert lines_of_rejects(bench, ran) == expected_lines(parts, extras)


def lines_of_rejects(bench: Bench, ran) -> list[int]:  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
    return sorted(reject["line"] for reject in bench.rejects(ran))


def expected_lines(parts: list[bytes], extras: dict[int, bytes]) -> list[int]:
    found: list[int] = []
    line = 2
    for block, part in enumerate(parts):
        extra = extras.get(block, b"")
        at = line + part.count(b"\n") - extra.count(b"\n")
        for raw in extra.splitlines():
            if not raw.startswith(b"z"):
                found.append(at)
            at += 1
        line += part.count(b"\n")
    return found


def test_a_large_json_file_is_counted_to_the_last_line(bench: Bench) -> None:
    block = b"".join(b'{"a":%d,"b":"%b"}\n' % (n, TEXT) for n in range(BLOCK_RECORDS))
    content = block * 10 + b'{"a":\n\n{"a":"bad"}\n' + block * 10 + b"[1]"
    ran = bench.split(
        bench.order(Tasks(maps=(Map(0, "a", "a", "bigint"),)), [bench.file(content)], input="json", output=TYPED)
    )
    assert (ran.counts.records_written, ran.counts.records_rejected) == (20 * BLOCK_RECORDS, 3)
    middle = 10 * BLOCK_RECORDS
    assert lines_of_rejects(bench, ran) == [middle + 1, middle + 3, 20 * BLOCK_RECORDS + 4]


def test_records_of_hundreds_of_fields_need_no_more_memory_than_there_is(bench: Bench) -> None:
    header = ",".join(f"column_{place:04d}" for place in range(200)).encode()
    content = header + b"\n" + (b",".join([b"x" * 12] * 200) + b"\n") * 6_000
    ran = bench.run(Tasks(map_all=MapAll(0, frozenset())), content, output=Output("out", file_type="JSON"))
    assert ran.counts.records_written == 6_000
    assert ran.contents[0].count(b"\n") == 6_000
