"""What is copied of small files into one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.joining import heads
from headrace.engine.sources import JsonFile


def views(folder: Path, contents: list[bytes]) -> list[JsonFile]:
    paths = [folder / f"{place}.json" for place in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [JsonFile(LocalFile(path.name, path, path.stat().st_size), str(path), "none", ()) for path in paths]


@pytest.mark.parametrize("size", [10, 1_000, 5_000, 30_000, 65_000])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_first_objects_of_each_file_are_whole(tmp_path: Path, size: int, end: bytes) -> None:
    content = b"\n".join(b'{"a":"%b"}' % (b"x" * size) for _ in range(30)) + end
    found = heads(views(tmp_path, [content, b'{"a":1}', content]), tmp_path, most=20)
    assert found is not None
    first = [json.loads(line) for line in Path(found.path).read_bytes().split(b"\n") if line]
    assert {len(one["a"]) for one in first if isinstance(one["a"], str)} == {size}
    places = [one[found.number] for one in first]
    fitting = min(20, 65_536 // (size + 9))
    assert places == [0] * fitting + [1] + [2] * fitting


def test_where_not_even_one_object_is_whole_there_are_no_first_ones(tmp_path: Path) -> None:
    large = b'{"a":"%b"}\n' % (b"x" * 70_000)
    assert heads(views(tmp_path, [large, b'{"a":1}']), tmp_path, most=20) is None
