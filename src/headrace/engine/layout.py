"""Keys of the objects that a run writes to S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FileType = Literal["CSV", "JSON", "PARQUET"]
PrefixType = Literal["FILENAME", "PATH", "PATH_AND_FILENAME"]
PrefixFormat = Literal["YEAR", "MONTH", "DAY", "HOUR", "MINUTE"]
PathPrefix = Literal["EXECUTION_ID", "SCHEMA_VERSION"]


@dataclass(frozen=True)
class Output:
    """What an S3 destination asks for.

    `hierarchy` None: the flow has no pathPrefixHierarchy. `is_single_file`: one file a partition.
    `target_file_bytes` None: as large as the input file. `keeps_types`: Parquet with typed columns.
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
