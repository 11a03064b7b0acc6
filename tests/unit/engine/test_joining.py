"""What is copied of small files into one."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.joining import beginning, heads
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


@pytest.mark.parametrize("most", [1, 20, 29, 30, 31])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_first_lines_of_a_file_are_as_many_as_are_asked_for(tmp_path: Path, most: int, end: bytes) -> None:
    content = end.join(b'{"a":%d}' % place for place in range(30))
    found = beginning(views(tmp_path, [content])[0], tmp_path, most)
    assert found is not None
    assert [json.loads(line)["a"] for line in Path(found.path).read_bytes().split()] == list(range(min(most, 30)))


def test_of_long_lines_the_first_ones_are_those_that_are_whole(tmp_path: Path) -> None:
    content = b'{"a":"%b"}\n' % (b"x" * 300_000) * 5
    found = beginning(views(tmp_path, [content])[0], tmp_path, 20)
    assert found is not None
    assert Path(found.path).read_bytes().strip().split(b"\n") == content.split(b"\n")[:3]


def test_the_first_lines_of_a_packed_file_are_plain(tmp_path: Path) -> None:
    view = replace(views(tmp_path, [gzip.compress(b'{"a":1}\n' * 100)])[0], compression="gzip")
    found = beginning(view, tmp_path, 2)
    assert found is not None
    assert (found.compression, Path(found.path).read_bytes().split()) == ("none", [b'{"a":1}'] * 2)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"[1]\n", b"\xef\xbb\xbf{}\n", b'{"a":"%b"}' % (b"x" * 1_100_000), gzip.compress(b"{}")[:12]],
)
def test_what_does_not_begin_with_a_whole_object_is_read_from_the_file_itself(tmp_path: Path, content: bytes) -> None:
    assert beginning(views(tmp_path, [content])[0], tmp_path, 20) is None


def test_a_file_that_comes_is_not_read_for_its_first_lines(tmp_path: Path) -> None:
    view = replace(views(tmp_path, [b'{"a":1}\n'])[0], is_coming=True)
    assert beginning(view, tmp_path, 20) is None
