"""What files a split makes, and what is left of an earlier attempt."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import UnreadableSource, zstd
from headrace.engine.layout import FileType, Output
from headrace.engine.results import Counts, EngineError, SplitResult
from headrace.engine.tasks import Filter, Map, MapAll, Tasks
from tests.oracle.running import Bench

EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
TIME = "2024-01-02T03:04:05"


def numbers(first: int, last: int) -> bytes:
    return b"n,text\n" + b"".join(b"%d,some text of number %d\n" % (n, n * n) for n in range(first, last))


def test_without_aggregation_each_input_file_makes_its_own_and_an_empty_one_none(bench: Bench) -> None:
    ran = bench.run(EVERYTHING, numbers(0, 3), b"n,text\n", numbers(3, 5), output=Output("out", file_type="CSV"))
    assert ran.keys == (f"orders/run-1/run-1-00000-0-{TIME}.csv", f"orders/run-1/run-1-00000-1-{TIME}.csv")
    assert [record["n"] for record in ran.records(0)] == ["0", "1", "2"]
    assert [record["n"] for record in ran.records(1)] == ["3", "4"]
    assert ran.counts.bytes_written == sum(map(len, ran.contents))
    assert ran.counts.bytes_read == len(numbers(0, 3)) + len(b"n,text\n") + len(numbers(3, 5))


@pytest.mark.parametrize("file_type", ["CSV", "JSON", "PARQUET"])
def test_a_single_file_holds_all_files_in_order(bench: Bench, file_type: FileType) -> None:
    output = Output("out", file_type=file_type, is_single_file=True)
    ran = bench.run(EVERYTHING, *(numbers(n, n + 3) for n in range(0, 30, 3)), output=output)
    assert ran.keys == (f"orders/run-1-00000-0-{TIME}.{file_type.lower()}",)
    assert [record["n"] for record in ran.records()] == [str(n) for n in range(30)]


@pytest.mark.parametrize("file_type", ["CSV", "JSON"])
def test_files_come_near_their_target_size_and_hold_every_record_once(bench: Bench, file_type: FileType) -> None:
    target = 1024 * 1024
    output = Output("out", file_type=file_type, target_file_bytes=target)
    ran = bench.run(EVERYTHING, numbers(0, 100_000), numbers(100_000, 200_000), output=output)
    sizes = [staged.size_bytes for staged in ran.result.outputs]
    assert len(sizes) > 3
    assert max(sizes) < 4 * target
    assert len(set(ran.keys)) == len(ran.keys)
    assert sorted(int(record["n"]) for record in ran.records()) == list(range(200_000))
    assert ran.counts.records_written == 200_000


def test_a_split_that_runs_again_replaces_what_it_left(bench: Bench) -> None:
    tasks = Tasks(filters=(Filter(0, "n", "LESS_THAN", "number", ("2",)),), maps=(Map(1, "n", "n", "bigint"),))
    output = Output("out", file_type="PARQUET", keeps_types=True)
    order = bench.order(tasks, [bench.file(b"n,m\n1,\nx,\n9,\n" + b"1,\n")], output=output)
    order.staging.mkdir(parents=True)
    (order.staging / "00007.parquet").write_text("left by an attempt that was killed")
    first = bench.split(order)
    contents = {path.name: path.read_bytes() for path in order.staging.iterdir()}
    assert bench.split(order) == first
    assert {path.name: path.read_bytes() for path in order.staging.iterdir()} == contents
    assert set(contents) == {Path(staged.path).name for staged in first.outputs}


def test_the_file_of_rejects_has_a_line_for_each(bench: Bench) -> None:
    output = Output("out", file_type="PARQUET", keeps_types=True)
    ran = bench.run(Tasks(maps=(Map(5, "n", "n", "bigint"),)), b'n,m\n1,\n\xc3\xa9,"a\nb"\n2\n', output=output)
    (staged,) = ran.result.rejects
    found = [json.loads(line) for line in Path(staged.path).read_text(encoding="utf-8").splitlines()]
    assert found == [
        {
            "record": "2",
            "error": "Expected Number of Columns: 2 Found: 1",
            "file": "s3://raw/in",
            "recordNumber": 3,
            "line": 5,
            "header": ["n", "m"],
        },
        {
            "record": {"n": "é", "m": "a\nb"},
            "error": "Field 'n' can't be read as bigint: \"é\"",
            "task": 5,
            "file": "s3://raw/in",
            "recordNumber": 2,
            "line": 3,
        },
    ]
    assert staged.size_bytes == Path(staged.path).stat().st_size


def test_rejects_of_several_files_name_their_own_file_and_line(bench: Bench) -> None:
    files = [bench.file(b"n,m\n1,\nx,\n", "one"), bench.file(b"n,m\n1\n", "two"), bench.file(b"n,m\n\ny,\n", "three")]
    for is_single_file in (True, False):
        output = Output("out", file_type="PARQUET", keeps_types=True, is_single_file=is_single_file)
        ran = bench.run(Tasks(maps=(Map(0, "n", "n", "bigint"),)), *files, output=output)
        found = [(reject["file"], reject["line"], reject.get("task")) for reject in ran.rejects]
        assert found == [("s3://raw/one", 3, 0), ("s3://raw/two", 2, None), ("s3://raw/three", 3, 0)]


def test_a_copy_is_deleted_once_it_has_been_read_and_no_other_file(bench: Bench) -> None:
    copy, own = bench.file(numbers(0, 2)), bench.file(numbers(0, 2))
    bench.run(EVERYTHING, LocalFile(copy.name, copy.path, copy.size_bytes, is_copy=True), own)
    assert (copy.path.exists(), own.path.exists()) == (False, True)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
@pytest.mark.parametrize(
    "content, format_", [(b"n,m\n1,\nx,\n", "csv"), (b'{"n":1}\n{"n":"x"}\n', "json"), (b"5", "json")]
)
def test_compressed_files_are_known_by_their_first_bytes(bench: Bench, pack, content: bytes, format_) -> None:  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
    output = Output("out", file_type="PARQUET", keeps_types=True)
    tasks = Tasks(maps=(Map(0, "n", "n", "bigint"),))
    plain = bench.run(tasks, content, input=format_, output=output)
    packed = bench.run(tasks, bench.file(pack(content), "data.bin"), input=format_, output=output)
    assert (packed.records(), packed.reject_places) == (plain.records(), plain.reject_places)
    assert packed.counts.records_read == plain.counts.records_read


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_compressed_file_that_ends_early_fails_the_run_and_names_the_file(bench: Bench, pack, format_) -> None:  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
    content = numbers(0, 200_000) if format_ == "csv" else b'{"n":1}\n' * 500_000
    broken = pack(content)
    file = bench.file(broken[: len(broken) // 2], "broken")
    with pytest.raises((UnreadableSource, EngineError), match="broken"):
        bench.run(Tasks(maps=(Map(0, "n", "n", None),)), file, input=format_)


def test_a_truncated_parquet_file_is_unreadable_and_named(bench: Bench) -> None:
    whole = bench.parquet([("n", "BIGINT")], [[n] for n in range(1000)])
    file = bench.file(whole.path.read_bytes()[:-100], "cut.parquet")
    with pytest.raises(UnreadableSource, match=r"s3://raw/cut\.parquet"):
        bench.run(EVERYTHING, file, input="parquet")


def test_a_parquet_file_is_read_as_one_whatever_the_flow_says(bench: Bench) -> None:
    file = bench.parquet([("n", "BIGINT")], [[1]])
    assert bench.run(EVERYTHING, file, input="csv").records() == [{"n": 1}]


def test_a_result_survives_the_store(bench: Bench) -> None:
    output = Output("out", file_type="PARQUET", keeps_types=True)
    ran = bench.run(Tasks(maps=(Map(0, "n", "n", "bigint"),)), b"n,m\n1,\nx,\n", output=output)
    assert SplitResult.from_document(json.loads(json.dumps(ran.result.to_document()))) == ran.result


def test_counts_add_up() -> None:
    one, other = Counts(5, 1, {-1: 1}, {0: 2, 3: 1}, 10, 20), Counts(5, 1, {-1: 1, 1: 1}, {3: 2}, 1, 2)
    assert one.add(other) == Counts(10, 2, {-1: 2, 1: 1}, {0: 2, 3: 3}, 11, 22)
    assert (one.balanced, other.balanced, Counts(1).balanced) == (True, True, False)
    assert (one.records_rejected, other.records_rejected) == (1, 2)


def test_counts_of_an_older_headrace_still_add_up() -> None:
    document = Counts(5, 1, {2: 1}, {0: 3}).to_document()
    del document["rejected"]
    assert Counts.from_document(document) == Counts(5, 1, {-1: 1}, {0: 3})
    assert Counts.from_document(document | {"recordsRejected": 0, "recordsWritten": 2}) == Counts(5, 2, {}, {0: 3})


@pytest.mark.parametrize(
    "type_, written",
    [
        ("TIMESTAMPTZ", "2024-01-02T03:04:05.5Z"),
        ("TIMESTAMPTZ_NS", "2024-01-02T03:04:05.5Z"),
        ("TIMESTAMP", "2024-01-02T03:04:05.5"),
        ("TIMESTAMP_NS", "2024-01-02T03:04:05.5"),
    ],
)
def test_instants_are_written_as_iso_8601_whatever_their_precision(bench: Bench, type_: str, written: str) -> None:
    file = bench.parquet((("at", type_),), [("2024-01-02 03:04:05.5",)])
    assert bench.run(EVERYTHING, file, input="parquet").records() == [{"at": written}]


def test_a_parquet_file_among_files_of_csv_keeps_fields_that_no_header_names(bench: Bench) -> None:
    file = bench.parquet((("id", "BIGINT"), ("more", "DATE")), [(7, "2024-01-02")])
    ran = bench.run(EVERYTHING, b"id,name\n1,x\n", file, fields=("id", "name"))
    assert ran.records() == [{"id": "1", "name": "x"}, {"id": 7, "name": None, "more": "2024-01-02"}]
