"""Which files a split reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.connector_sdk.contract import SourceFile
from headrace.runner.grouping import SPLIT_BYTES, SPLIT_FILES, grouped


def file(key: str, size_bytes: int) -> SourceFile:
    return SourceFile(name=f"s3://raw/{key}", key=key, size_bytes=size_bytes, etag=None, modified_ms=0)


FILES = st.lists(st.builds(file, key=st.text(max_size=3), size_bytes=st.integers(0, SPLIT_BYTES * 2)), max_size=30)


def test_no_files_make_no_splits() -> None:
    assert grouped([]) == ()
    assert grouped([], is_single=True) == ()


def test_small_files_share_a_split_in_order_of_their_keys() -> None:
    files = [file(key, 10) for key in ("b", "a", "c")]

    assert [[each.key for each in group] for group in grouped(files)] == [["a", "b", "c"]]


def test_a_split_ends_before_it_is_too_large() -> None:
    half = SPLIT_BYTES // 2

    groups = grouped([file("a", half), file("b", half), file("c", 1)])

    assert [[each.key for each in group] for group in groups] == [["a", "b"], ["c"]]


def test_a_file_that_is_too_large_is_a_split_of_its_own() -> None:
    groups = grouped([file("a", 1), file("b", SPLIT_BYTES * 3), file("c", 1)])

    assert [[each.key for each in group] for group in groups] == [["a"], ["b"], ["c"]]


def test_a_split_has_at_most_so_many_files() -> None:
    groups = grouped([file(f"{number:05d}", 0) for number in range(SPLIT_FILES * 2 + 1)])

    assert [len(group) for group in groups] == [SPLIT_FILES, SPLIT_FILES, 1]


def test_one_output_file_means_one_split() -> None:
    files = [file(f"{number:05d}", SPLIT_BYTES) for number in range(3)]

    assert grouped(files, is_single=True) == (tuple(files),)


@given(FILES)
def test_every_file_is_in_exactly_one_split_in_order(files: list[SourceFile]) -> None:
    groups = grouped(files)

    assert [each for group in groups for each in group] == sorted(files, key=lambda each: each.key)
    assert all(groups)
    assert all(len(group) == 1 or sum(each.size_bytes for each in group) <= SPLIT_BYTES for group in groups)
