"""Keys of written objects, against the grammar of the AppFlow User Guide and decision 10."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from headrace.engine.layout import (
    FileType,
    Output,
    PathPrefix,
    PrefixFormat,
    PrefixType,
    file_name,
    folder,
    partition_folder,
)

AT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
TIMES: dict[PrefixFormat, tuple[str, str]] = {
    "YEAR": ("2024/", "2024"),
    "MONTH": ("2024/01/", "2024-01"),
    "DAY": ("2024/01/02/", "2024-01-02"),
    "HOUR": ("2024/01/02/03/", "2024-01-02T03"),
    "MINUTE": ("2024/01/02/03/04/", "2024-01-02T03:04"),
}
HIERARCHIES: list[tuple[tuple[PathPrefix, ...], str, str]] = [
    ((), "", ""),
    (("EXECUTION_ID",), "", "run-1/"),
    (("SCHEMA_VERSION",), "schemaVersion_7/", ""),
    (("EXECUTION_ID", "SCHEMA_VERSION"), "schemaVersion_7/", "run-1/"),
    (("SCHEMA_VERSION", "EXECUTION_ID"), "schemaVersion_7/", "run-1/"),
]


def folder_of(output: Output) -> str:
    return folder(output, flow_name="orders", execution_id="run-1", schema_version=7, at=AT)


def name_of(output: Output) -> str:
    return file_name(output, execution_id="run-1", split=3, place=12, at=AT)


@pytest.mark.parametrize("prefix, shown", [("", ""), ("a", "a/"), ("a/", "a/"), ("a/b", "a/b/"), ("a//", "a//")])
@pytest.mark.parametrize("hierarchy, before, after", HIERARCHIES)
@pytest.mark.parametrize("prefix_format", TIMES)
@pytest.mark.parametrize("prefix_type", ["PATH", "PATH_AND_FILENAME", "FILENAME"])
def test_a_folder_has_prefix_flow_version_time_and_execution_in_this_order(
    prefix: str,
    shown: str,
    hierarchy: tuple[PathPrefix, ...],
    before: str,
    after: str,
    prefix_format: PrefixFormat,
    prefix_type: PrefixType,
) -> None:
    output = Output("out", prefix, prefix_type=prefix_type, prefix_format=prefix_format, hierarchy=hierarchy)
    time = "" if prefix_type == "FILENAME" else TIMES[prefix_format][0]
    assert folder_of(output) == f"{shown}orders/{before}{time}{after}"


def test_without_any_prefix_config_each_execution_has_its_folder_unless_it_writes_a_single_file() -> None:
    assert folder_of(Output("out")) == "orders/run-1/"
    assert folder_of(Output("out", is_single_file=True)) == "orders/"
    assert folder_of(Output("out", is_single_file=True, hierarchy=("EXECUTION_ID",))) == "orders/run-1/"
    assert folder_of(Output("out", prefix_type="FILENAME", prefix_format="DAY")) == "orders/"


@pytest.mark.parametrize("file_type, extension", [("CSV", "csv"), ("JSON", "json"), ("PARQUET", "parquet")])
def test_a_file_is_called_after_execution_split_place_and_time(file_type: FileType, extension: str) -> None:
    output = Output("out", file_type=file_type)
    assert name_of(output) == f"run-1-00003-12-2024-01-02T03:04:05.{extension}"
    for prefix_format, (_, time) in TIMES.items():
        for prefix_type in ("FILENAME", "PATH_AND_FILENAME"):
            timed = replace(output, prefix_type=prefix_type, prefix_format=prefix_format)
            assert name_of(timed) == f"run-1-00003-12-{time}.{extension}"
        in_path = replace(output, prefix_type="PATH", prefix_format=prefix_format)
        assert name_of(in_path) == name_of(output)


@pytest.mark.parametrize(
    "value, shown",
    [
        (None, "null"),
        ("null", "null"),
        ("", ""),
        ("a=b/c%d", "a%3Db%2Fc%25d"),
        ("\"#'*:?\\{[]^", "%22%23%27%2A%3A%3F%5C%7B%5B%5D%5E"),
        ("\x00\n\x1f\x7f", "%00%0A%1F%7F"),
        ("é 😀 .}~-_+&", "é 😀 .}~-_+&"),
        ("..", ".."),
    ],
)
def test_a_partition_value_is_escaped_as_hive_does(value: str | None, shown: str) -> None:
    assert partition_folder([("k/1", value), ("l", "x")]) == f"k%2F1={shown}/l=x/"
