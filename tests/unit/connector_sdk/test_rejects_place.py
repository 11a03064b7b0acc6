"""Files of rejected records: put, found again, read from any place on, removed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from headrace.connector_sdk.kept_rejects import Kept, place_of, url_of
from headrace.connector_sdk.objects import Buckets
from headrace.connector_sdk.rejects_place import Mark, RejectsPlace
from headrace.engine.results import StagedFile
from headrace.errors import NotThere, Stop
from headrace.settings import Settings

LONG = b"y" * (2 << 20)
PARTS = (b"a\nb\n", b"c\n" + LONG + b"\n", b"d")
LINES = [b"a", b"b", b"c", LONG, b"d"]


@pytest.fixture
def place(tmp_path: Path) -> RejectsPlace:
    settings = Settings(data=tmp_path / "a b")
    return RejectsPlace.of(Buckets(settings, {}), settings)


def kept_at(
    place: RejectsPlace, tmp_path: Path, *, bucket: str | None = None, parts: tuple[bytes, ...] = PARTS
) -> Kept:
    staged: list[StagedFile] = []
    for number, part in enumerate(parts, start=1):
        path = tmp_path / f"staged-{number}"
        path.write_bytes(part)
        staged.append(StagedFile(str(path), f"orders/e1/{number}.json", len(part)))
    place.put(bucket, staged)
    return Kept(place.url, bucket, "orders/e1/", len(parts), 5, sum(map(len, parts)), is_whole=True)


@pytest.mark.parametrize("bucket", [None, "errors"])
def test_lines_are_read_from_any_of_them_on(place: RejectsPlace, tmp_path: Path, bucket: str | None) -> None:
    kept = kept_at(place, tmp_path, bucket=bucket)
    found = list(place.lines(kept))
    assert [line for line, _ in found] == LINES
    for number, (_, mark) in enumerate(found, start=1):
        assert [line for line, _ in place.lines(kept, mark)] == LINES[number:]
    assert b"".join(place.blocks(kept)) == b"".join(PARTS)
    assert list(place.lines(kept, Mark(3))) == []


def test_ten_files_are_in_the_order_of_their_numbers(place: RejectsPlace, tmp_path: Path) -> None:
    kept = kept_at(place, tmp_path, parts=tuple(b"%d\n" % number for number in range(12)))
    assert [line for line, _ in place.lines(kept)] == [b"%d" % number for number in range(12)]


def test_files_that_are_missing_are_told_rather_than_passed_over(place: RejectsPlace, tmp_path: Path) -> None:
    kept = kept_at(place, tmp_path)
    (tmp_path / "a b" / "rejects" / "orders" / "e1" / "2.json").unlink()
    with pytest.raises(NotThere, match=r"at .*/a b/rejects/orders/e1 .*: 2 of 3 files are there"):
        list(place.lines(kept))


def test_the_folder_of_another_machine_is_told_of(place: RejectsPlace, tmp_path: Path) -> None:
    kept = replace(kept_at(place, tmp_path), url="file:///no/such/machine")
    with pytest.raises(NotThere, match=r"no such folder on this machine.*HEADRACE_REJECTS"):
        list(place.blocks(kept))


def test_a_bucket_that_is_gone_is_told_of(place: RejectsPlace, tmp_path: Path) -> None:
    kept = replace(kept_at(place, tmp_path), bucket="gone")
    with pytest.raises(Stop, match="'gone' does not exist"):
        list(place.blocks(kept))


def test_files_at_the_place_itself_are_discarded_and_no_others(place: RejectsPlace, tmp_path: Path) -> None:
    kept, others = kept_at(place, tmp_path), kept_at(place, tmp_path, bucket="errors")
    folder = tmp_path / "a b" / "rejects"
    (folder / "README").write_text("mine")
    assert [place.discard(each) for each in (kept, kept, others)] == [True] * 3
    assert [path.name for path in folder.iterdir()] == ["README"]
    assert len(list((tmp_path / "a b" / "buckets").rglob("*.json"))) == 3


def test_files_in_the_folder_of_another_machine_are_left_to_it(place: RejectsPlace, tmp_path: Path) -> None:
    assert not place.discard(replace(kept_at(place, tmp_path), url="file:///no/such/machine"))


def test_a_place_is_named_as_people_know_it(tmp_path: Path) -> None:
    assert place_of(url_of(tmp_path / "a b"), None, "f/e/") == f"{tmp_path}/a b/f/e"
    assert place_of("s3://mine/rejects/", None, "f/e/") == "s3://mine/rejects/f/e/"
    assert place_of("s3://mine", "errors", "p/f/e/") == "s3://errors/p/f/e/"


def test_the_setting_may_name_an_object_store(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, rejects="s3://mine/rejects", buckets=MappingProxyType({}))
    assert RejectsPlace.of(Buckets(settings, {}), settings).url == "s3://mine/rejects"
