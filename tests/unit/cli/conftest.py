from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.documents import flow_document

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    for name in os.environ:
        if name.startswith(("HEADRACE_", "AWS_")):
            monkeypatch.delenv(name)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three records in the bucket `raw`."""
    folder = tmp_path / "data"
    plant(folder, "id,name\n1,Ada\n2,Grace\n3,Edsger\n")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a flow document, changed as told, or any text, to a file."""

    def to_file(text: str | None = None, **changes: Any) -> Path:
        path = tmp_path / "flow.json"
        path.write_text(json.dumps(flow_document(**changes)) if text is None else text, "utf-8")
        return path

    return to_file


def plant(data: Path, text: str, key: str = "in/people.csv") -> None:
    path = data / "buckets" / "raw" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
