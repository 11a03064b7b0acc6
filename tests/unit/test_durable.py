"""What is to survive a power failure; that it does is the system's."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.durable import flush


def test_files_and_folders_can_be_flushed_and_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    flush(tmp_path / "a")
    flush(tmp_path)
    with pytest.raises(FileNotFoundError):
        flush(tmp_path / "b")
