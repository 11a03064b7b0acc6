"""Files of CSV of which parts begin in quotes: DuckDB's threads find the records, or it is said that they may not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.parted_quotes import may_be_parted_in_quotes
from tests.oracle.parts import read_in_parts

PART = 8 * 1024


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 3, 30]), st.sampled_from(["\n", "\r\n"]), st.integers(1, 4))
def test_where_no_part_is_said_to_begin_in_quotes_none_does(
    tmp_path_factory: pytest.TempPathFactory, seed: int, lines: int, end: str, cells: int
) -> None:
    chosen, size, rows = random.Random(seed), 0, [",".join("abcd"[:cells])]

    def cell() -> str:
        made = [",".join(chosen.choice(["k", "", "v w"]) for _ in range(chosen.randrange(1, cells + 2)))]
        made *= chosen.randrange(1, lines + 1)
        text = (end if chosen.random() < 0.5 else " ").join(made)
        return chosen.choice(["x", "yz", f'"{text}"', f'"{text} ""quoted"""', f'"{end}"', '","'])

    while size < 3 * PART:
        rows.append(",".join(cell() for _ in range(cells)))
        size += len(rows[-1])
    path = tmp_path_factory.mktemp("files") / "f.csv"
    path.write_bytes((end.join(rows) + end).encode())
    if not may_be_parted_in_quotes(path, PART, cells):
        assert read_in_parts(path, PART, cells) == read_in_parts(path, PART, cells, by=1)


@pytest.mark.parametrize(
    "before, behind, is_doubtful",
    [
        (b"1,x\n", b'2,"y"\n', False),
        (b'1,"x', b'y"\n', False),
        (b'1,"x', b'y""z"\n', False),
        (b'1,"x"', b'"y"\n', False),
        (b'1,"x', b'y","z"\r\n', False),
        (b'1,"x"', b"\n2,y\n", False),
        (b'"1",', b'"x"\n', False),
        (b"1,x\r", b'\n"y",2\r\n', False),
        # What follows the line end is no record of two cells.
        (b'1,"x', b'y\nz"\n', False),
        (b"1,x", b'y\n2,"z\n"\n', False),
        (b'1,"x', b'\ny,z"\n', True),
        (b'"1', b'x\ny",z\n', True),
        (b'1,"x', b'y\n\nz,"\n', False),
        (b"1,x\r", b'\n"y\n",2\n', True),
        (b'1,"x\r', b'\ny"\r\n', True),
        # Nobody knows what a quote within a cell begins or ends.
        (b'5" 6,2\n1,x', b"\n3,4\n", True),
        (b'5",2\n1,"x', b'\n3,4"\n', True),
        (b"1,x", b"y\n3\n", False),
        (b"1,x", b'y\n3\n4,"z"\n', True),
    ],
)
def test_a_part_is_doubtful_where_another_line_than_its_first_looks_like_a_record(
    tmp_path: Path, before: bytes, behind: bytes, is_doubtful: bool
) -> None:
    path = tmp_path / "f.csv"
    for quoted in (b'"' + b"x" * (100 - len(before) - 3) + b'"\n', b"x" * (100 - len(before) - 1) + b"\n"):
        path.write_bytes(quoted + before + behind + b"1,x\n")
        assert may_be_parted_in_quotes(path, 100, 2) is is_doubtful, quoted


@pytest.mark.parametrize("quotes", [b"", b'"k","v"\n', b'"k","v'])
def test_a_quote_far_before_a_part_is_found(tmp_path: Path, quotes: bytes) -> None:
    path, is_open = tmp_path / "f.csv", quotes.endswith(b"v")
    path.write_bytes(quotes + b"1,x\n" * 400_000 + (b'"\n' if is_open else b"") + b"1,x\n" * 9)
    assert may_be_parted_in_quotes(path, 1_500_000, 2) is is_open


def test_a_record_longer_than_is_looked_at_is_doubtful(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    for length, is_doubtful in ((200_000, False), (300_000, True)):
        path.write_bytes(b'1,"x"\n' + b"2," + b"y" * length + b"\n" + b'"k",v\n' * 9)
        assert may_be_parted_in_quotes(path, 9_000, 2) is is_doubtful, length
