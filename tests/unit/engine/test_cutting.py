"""Text that is cut into files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from headrace.engine.cutting import cut


def test_each_file_gets_its_records_behind_the_header(tmp_path: Path) -> None:
    text, paths = tmp_path / "text", [tmp_path / f"{place}" for place in range(4)]
    text.write_bytes(b"a,b\nmark-1,\n1,2\n\nmark-3,\n3,4\n")
    assert cut(text, "mark-", paths) == [paths[1], paths[3]]
    assert [path.read_bytes() for path in (paths[1], paths[3])] == [b"a,b\n1,2\n\n", b"a,b\n3,4\n"]


@pytest.mark.parametrize("content", [b"", b"a,b\n"])
def test_no_records_make_no_files(tmp_path: Path, content: bytes) -> None:
    text = tmp_path / "text"
    text.write_bytes(content)
    assert cut(text, "mark-", [tmp_path / "0"]) == []


@pytest.mark.parametrize("content", [b"mark-1\nx\nmark-0\ny\n", b"mark-0\nx\nmark-0\ny\n"])
def test_records_that_are_not_together_are_refused(tmp_path: Path, content: bytes) -> None:
    text = tmp_path / "text"
    text.write_bytes(content)
    with pytest.raises(duckdb.InvalidInputException):
        cut(text, "mark-", [tmp_path / "0", tmp_path / "1"])
