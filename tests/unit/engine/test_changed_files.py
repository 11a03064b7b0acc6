"""Files that are read where they lie, and change meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.engine.layout import Output
from headrace.engine.tasks import MapAll, Tasks
from headrace.errors import Stop
from tests.oracle.running import Bench, parquet_of

EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
SINGLE = Output("out", is_single_file=True)


def changing(bench: Bench, change: Callable[[Path], None], *contents: bytes) -> Iterator[LocalFile]:
    """The files of a bucket, the first of which changes once all were handed out."""
    bucket = FolderBucket("raw", bench.folder(), makes_itself=False)
    for number, content in enumerate(contents):
        (bucket.folder / f"{number}.csv").write_bytes(content)
    yield from list(bucket.fetch(bucket.list(""), bench.folder()))
    change(bucket.folder / "0.csv")


def appended(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"3\n")


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("change", [appended, replaced])
@pytest.mark.parametrize("output", [SINGLE, Output("out")], ids=["one file", "a file each"])
def test_a_file_that_changes_while_it_is_read_ends_the_split(
    bench: Bench, change: Callable[[Path], None], output: Output
) -> None:
    order = bench.order(EVERYTHING, changing(bench, change, b"n\n1\n", b"n\n2\n"), output=output)
    with pytest.raises(Stop, match=r"s3://raw/0\.csv has changed since the run began\. Start the flow again"):
        bench.split(order)


def test_a_file_that_looks_broken_because_it_changes_is_said_to_have_changed(bench: Bench) -> None:
    parquet = bench.folder() / "good.parquet"
    with bench.engine._database.cursor() as con:
        parquet_of(con, parquet, [("n", "INTEGER")], [[1], [2]])

    def truncate(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:40])

    order = bench.order(EVERYTHING, changing(bench, truncate, parquet.read_bytes()), output=SINGLE)
    with pytest.raises(Stop, match=r"s3://raw/0\.csv has changed since the run began"):
        bench.split(order)


def test_a_file_that_goes_while_it_is_read_is_named(bench: Bench) -> None:
    order = bench.order(EVERYTHING, changing(bench, Path.unlink, b"n\n1\n", b"n\n2\n"), output=SINGLE)
    with pytest.raises(Stop, match=r"s3://raw/0\.csv is gone since the run began"):
        bench.split(order)
