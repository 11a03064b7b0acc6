"""The work that the engine is measured by, done by headrace and by DuckDB's own COPY, each in a process of its own."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, cast, get_args

import duckdb

from bench import data
from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import InputFormat
from headrace.engine.results import Naming, SplitOrder
from headrace.engine.split import Engine
from headrace.engine.watch import Watch
from headrace.flow.plan import plan
from headrace.settings import Settings

ROUNDS = 3
_MAPS = {
    "id": ("id", "bigint"),
    "external_id": ("external_id", None),
    "first_name,last_name": ("name", None),
    "email": ("email", None),
    "phone": ("phone", None),
    "birth_date": ("birth_date", "date"),
    "city": ("city", None),
    "country": ("country", None),
    "order_id": ("order_id", "bigint"),
    "ordered_at": ("ordered_at", "datetime"),
    "quantity": ("quantity", "integer"),
    "price": ("price", "decimal(18,4)"),
    "price,quantity": ("total", "double"),
    "balance": ("balance", "double"),
    "is_member": ("is_member", "boolean"),
    "note": ("note", None),
}
_PLAIN = """
SELECT TRY_CAST(id AS BIGINT) AS id, external_id, first_name || ' ' || last_name AS name,
  repeat('*', least(3, length(email))) || substr(email, 4) AS email,
  left(phone, greatest(length(phone) - 4, 0)) || repeat('*', least(4, length(phone))) AS phone,
  TRY_CAST(birth_date AS DATE) AS birth_date, city, country, TRY_CAST(order_id AS BIGINT) AS order_id,
  TRY_CAST(ordered_at AS TIMESTAMPTZ) AS ordered_at, TRY_CAST(quantity AS BIGINT) AS quantity,
  TRY_CAST(price AS DECIMAL(18,4)) AS price, TRY_CAST(price AS DOUBLE) * TRY_CAST(quantity AS DOUBLE) AS total,
  TRY_CAST(balance AS DOUBLE) AS balance, TRY_CAST(is_member AS BOOLEAN) AS is_member, left(note, 20) AS note
FROM {source}
WHERE status <> 'cancelled' AND TRY_CAST(quantity AS DOUBLE) > 2 AND id IS NOT NULL
"""


# How each format is read and written where nobody else has a say; of JSON the fields are named, so none is guessed.
_READ = {
    "csv": "read_csv('{path}', all_varchar=true, header=true)",
    "json": "read_ndjson('{path}', columns={columns})",
    "parquet": "read_parquet('{path}')",
}
_WRITTEN = {
    "PARQUET": "FORMAT parquet, COMPRESSION zstd",
    "JSON": "FORMAT json",
    "CSV": "FORMAT csv, HEADER true",
    "CSV_GZIP": "FORMAT csv, HEADER true, COMPRESSION gzip",
}


class Run(NamedTuple):
    """What one run took, and how many records it wrote."""

    seconds: float
    cpu_s: float
    peak_mb: float
    written: int


def document(file_type: str = "PARQUET") -> dict[str, Any]:
    """The flow: two filters, a validation, two masks, truncate, merge, arithmetic and sixteen maps."""
    tasks: list[dict[str, Any]] = [
        _task("Filter", "NOT_EQUAL_TO", ["status"], DATA_TYPE="string", VALUE="cancelled"),
        _task("Filter", "GREATER_THAN", ["quantity"], DATA_TYPE="integer", VALUE="2"),
        _task("Validate", "VALIDATE_NON_NULL", ["id"], VALIDATION_ACTION="DropRecord"),
        _task("Mask", "MASK_FIRST_N", ["email"], MASK_LENGTH="3", MASK_VALUE="*"),
        _task("Mask", "MASK_LAST_N", ["phone"], MASK_LENGTH="4", MASK_VALUE="*"),
        _task("Truncate", "NO_OP", ["note"], TRUNCATE_LENGTH="20"),
        _task("Merge", "NO_OP", ["first_name", "last_name"], CONCAT_FORMAT="${first_name} ${last_name}")
        | {"destinationField": "first_name,last_name"},
        _task("Arithmetic", "MULTIPLICATION", ["price", "quantity"], MATH_OPERATION_FIELDS_ORDER="price,quantity")
        | {"destinationField": "price,quantity"},
    ]
    for field, (name, type_) in _MAPS.items():
        cast = {} if type_ is None else {"DESTINATION_DATA_TYPE": type_}
        tasks.append(_task("Map", "NO_OP", [field], **cast) | {"destinationField": name})
    typed = {"preserveSourceDataTyping": True} if file_type == "PARQUET" else {}
    properties = {"fileType": file_type, **typed}
    return {
        "flowName": "bench",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "raw"}}},
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {"S3": {"bucketName": "lake", "s3OutputFormatConfig": properties}},
            }
        ],
        "tasks": tasks,
    }


def _task(kind: str, operator: str, fields: list[str], **properties: str) -> dict[str, Any]:
    return {
        "taskType": kind,
        "connectorOperator": {"S3": operator},
        "sourceFields": fields,
        "taskProperties": properties,
    }


def measured(peer: str, source: Path, file_type: str = "PARQUET") -> Run:
    """One run of "headrace" or "plain" in a process of its own; the suffix of `source` is its format."""
    command = [sys.executable, "-m", "bench.engine_work", peer, str(source), file_type]
    return Run(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def in_turn(source: Path, file_type: str = "PARQUET") -> tuple[Run, Run]:
    """The medians of headrace and of plain COPY, which take turns. Exits if they wrote different numbers of records."""
    rounds = [(measured("headrace", source, file_type), measured("plain", source, file_type)) for _ in range(ROUNDS)]
    ours, plain = (Run(*(median(figures) for figures in zip(*runs, strict=True))) for runs in zip(*rounds, strict=True))
    if ours.written != plain.written:
        sys.exit(f"Not a sound measurement: headrace wrote {ours.written} records, DuckDB {plain.written}")
    return ours, plain


def _headrace(source: Path, file_type: str, folder: Path) -> int:
    return run_engine(document(file_type), [source], folder)


def run_engine(flow: Mapping[str, Any], files: Sequence[Path], folder: Path) -> int:
    """Run the flow over the files as one split, on an engine as the settings make it; how many records it wrote."""
    planned = plan(flow)
    assert planned.output is not None
    settings = Settings.from_environment({"HEADRACE_DATA": str(folder)})
    engine = Engine(
        memory_limit_bytes=settings.memory_limit_bytes, threads=settings.threads, scratch=folder / "scratch"
    )
    form = files[0].suffix.removeprefix(".")
    assert form in get_args(InputFormat)
    order = SplitOrder(
        tasks=planned.tasks,
        input=cast("InputFormat", form),
        output=planned.output,
        number=0,
        files=[LocalFile(f"s3://in/{file.name}", file, file.stat().st_size) for file in files],
        fields=None,
        staging=folder / "staging",
        rejects=folder / "rejects",
        naming=Naming("bench", "execution", 1, datetime.now(UTC)),
    )
    result = engine.run_split(order, Watch(lambda _: None))
    assert result.counts.balanced
    return result.counts.records_written


def plain_copy(source: Path, file_type: str, path: Path) -> str:
    """The statement that does the same work without verdicts, counts and rejects; it wants `TimeZone` to be UTC."""
    columns = dict.fromkeys(data.FIELDS, "VARCHAR")
    read = _READ[source.suffix.removeprefix(".")].format(path=source, columns=columns)
    return f"COPY ({_PLAIN.format(source=read)}) TO '{path}' ({_WRITTEN[file_type]})"


def _plain(source: Path, file_type: str, folder: Path) -> int:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        row = con.execute(plain_copy(source, file_type, folder / "plain")).fetchone()
        return int(row[0]) if row else 0


RUNS: Mapping[str, Callable[[Path, str, Path], int]] = {"headrace": _headrace, "plain": _plain}


def _peak_mb() -> float:
    """This program's own peak: ru_maxrss would begin with that of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def main() -> None:
    """One run in this process: what `measured` starts."""
    peer, name, file_type = sys.argv[1:]
    source = Path(name)
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        began = time.perf_counter()
        written = RUNS[peer](source, file_type, Path(folder))
        taken = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([taken, used.ru_utime + used.ru_stime, _peak_mb(), written]))


if __name__ == "__main__":
    main()
