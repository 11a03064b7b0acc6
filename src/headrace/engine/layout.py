"""Keys of the objects that a run writes to S3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

FileType = Literal["CSV", "JSON", "PARQUET"]
PrefixType = Literal["FILENAME", "PATH", "PATH_AND_FILENAME"]
PrefixFormat = Literal["YEAR", "MONTH", "DAY", "HOUR", "MINUTE"]
PathPrefix = Literal["EXECUTION_ID", "SCHEMA_VERSION"]

EXTENSIONS: dict[FileType, str] = {"CSV": "csv", "JSON": "json", "PARQUET": "parquet"}
PACKED = ".gz"
_FOLDERS: dict[PrefixFormat, str] = {
    "YEAR": "%Y",
    "MONTH": "%Y/%m",
    "DAY": "%Y/%m/%d",
    "HOUR": "%Y/%m/%d/%H",
    "MINUTE": "%Y/%m/%d/%H/%M",
}
_FILE_TIMES: dict[PrefixFormat, str] = {
    "YEAR": "%Y",
    "MONTH": "%Y-%m",
    "DAY": "%Y-%m-%d",
    "HOUR": "%Y-%m-%dT%H",
    "MINUTE": "%Y-%m-%dT%H:%M",
}
_FULL_TIME = "%Y-%m-%dT%H:%M:%S"
# Between a record and its source on a line: JSON never has it bare.
SOURCE_MARK = "\x1e"
# What Hive escapes in the value of a partition's folder.
_ESCAPED = frozenset("\"#%'*/:=?\\{[]^\x7f" + "".join(map(chr, range(0x20))))


@dataclass(frozen=True)
class Output:
    """What an S3 destination asks for.

    `hierarchy` None: the flow has no pathPrefixHierarchy. `is_single_file`: one file a partition.
    `target_file_bytes` None: as large as the input file. `keeps_types`: Parquet with typed columns.
    `casts`: JSON whose values are of the types that the Maps name, for a destination that takes records.
    `omits_lacking`: JSON without the fields that a record of JSON lacks; null is written where it has null.
    `is_packed`: CSV or JSON whose files are packed with gzip once they are written; `target_file_bytes` is before that.
    `keeps_source`: JSON, and on the same line, after SOURCE_MARK, the record as the source had it.
    """

    bucket: str
    prefix: str = ""
    file_type: FileType = "JSON"
    prefix_type: PrefixType | None = None
    prefix_format: PrefixFormat | None = None
    hierarchy: tuple[PathPrefix, ...] | None = None
    is_single_file: bool = False
    target_file_bytes: int | None = None
    keeps_types: bool = False
    casts: bool = False
    omits_lacking: bool = False
    keeps_source: bool = False
    is_packed: bool = False


def folder(output: Output, *, flow_name: str, execution_id: str, schema_version: int, at: datetime) -> str:
    """The part of the key that all files of a run share; ends with a slash.

    [prefix/]flow/[schemaVersion_n/][YYYY/…/][executionId/]: the grammar of the AppFlow User
    Guide; where nothing is said about the path at all, decision 10.
    """
    parts = [flow_name]
    hierarchy = _hierarchy(output)
    if "SCHEMA_VERSION" in hierarchy:
        parts.append(f"schemaVersion_{schema_version}")
    if output.prefix_type in ("PATH", "PATH_AND_FILENAME") and output.prefix_format:
        parts.append(at.strftime(_FOLDERS[output.prefix_format]))
    if "EXECUTION_ID" in hierarchy:
        parts.append(execution_id)
    prefix = output.prefix.removesuffix("/")
    return "/".join([prefix, *parts, ""] if output.prefix else [*parts, ""])


def _hierarchy(output: Output) -> tuple[PathPrefix, ...]:
    if output.hierarchy is not None:
        return output.hierarchy
    says_nothing = output.prefix_type is None and output.prefix_format is None
    return ("EXECUTION_ID",) if says_nothing and not output.is_single_file else ()


def partition_folder(values: Sequence[tuple[str, str | None]]) -> str:
    """`Field=value/` for each field, outermost first; a missing value reads `null`."""
    return "".join(f"{escaped(name)}={'null' if value is None else escaped(value)}/" for name, value in values)


def escaped(text: str) -> str:
    """`text` as Hive writes it in a folder's name."""
    return "".join(f"%{ord(char):02X}" if char in _ESCAPED else char for char in text)


def file_name(output: Output, *, execution_id: str, split: int, place: int, at: datetime) -> str:
    """The last part of the key: the same for the same file of the same split, whenever it is written."""
    form = _FULL_TIME
    if output.prefix_type in ("FILENAME", "PATH_AND_FILENAME") and output.prefix_format:
        form = _FILE_TIMES[output.prefix_format]
    extension = f"{EXTENSIONS[output.file_type]}{PACKED if output.is_packed else ''}"
    return f"{execution_id}-{split:05d}-{place}-{at.strftime(form)}.{extension}"
