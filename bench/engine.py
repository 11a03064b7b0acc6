"""The engine with verdicts, counts and rejects beside DuckDB's own plain COPY of the same SELECT.

python -m bench.engine [--records 1000000 10000000]: CSV in, fifteen tasks, typed Parquet out, each
run in a process of its own, the two in turn; medians of three.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from bench import data
from bench.report import Report
from headrace.connector_sdk.contract import LocalFile
from headrace.engine.results import Naming, SplitOrder
from headrace.engine.split import Engine
from headrace.engine.watch import Watch
from headrace.flow.plan import plan
from headrace.settings import Settings

_ROUNDS = 3
_TIMES_PLAIN = 1 / 1.3
_PEAK_MB = 700
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
FROM read_csv('{source}', all_varchar=true, header=true)
WHERE status <> 'cancelled' AND TRY_CAST(quantity AS DOUBLE) > 2 AND id IS NOT NULL
"""


def document() -> dict[str, Any]:
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
        typed = {} if type_ is None else {"DESTINATION_DATA_TYPE": type_}
        tasks.append(_task("Map", "NO_OP", [field], **typed) | {"destinationField": name})
    properties = {"fileType": "PARQUET", "preserveSourceDataTyping": True}
    return {
        "flowName": "bench",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "in"}}},
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {"S3": {"bucketName": "out", "s3OutputFormatConfig": properties}},
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


def _headrace(source: Path, folder: Path) -> int:
    planned = plan(document())
    assert planned.output is not None
    settings = Settings.from_environment({"HEADRACE_DATA": str(folder)})
    engine = Engine(
        memory_limit_bytes=settings.memory_limit_bytes, threads=settings.threads, scratch=folder / "scratch"
    )
    order = SplitOrder(
        tasks=planned.tasks,
        input="csv",
        output=planned.output,
        number=0,
        files=[LocalFile("s3://in/people.csv", source, source.stat().st_size)],
        fields=None,
        staging=folder / "staging",
        rejects=folder / "rejects",
        naming=Naming("bench", "execution", 1, datetime.now(UTC)),
    )
    result = engine.run_split(order, Watch(lambda _: None))
    assert result.counts.balanced
    return result.counts.records_written


def _plain(source: Path, folder: Path) -> int:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        target = folder / "plain.parquet"
        row = con.execute(
            f"COPY ({_PLAIN.format(source=source)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()
        return int(row[0]) if row else 0


_RUNS: dict[str, Callable[[Path, Path], int]] = {"headrace": _headrace, "plain": _plain}


def _run_here(name: str, source: Path) -> None:
    """One run in this process: what `_measured` starts."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        began = time.perf_counter()
        written = _RUNS[name](source, Path(folder))
        taken = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([taken, used.ru_utime + used.ru_stime, _peak_mb(), written]))


def _peak_mb() -> float:
    """This program's own peak: ru_maxrss would begin with that of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def _measured(name: str, source: Path) -> list[float]:
    command = [sys.executable, "-m", "bench.engine", "--run", name, str(source)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _compare(report: Report, source: Path, records: int) -> float:
    """Measure both over the same file; headrace's peak memory in MB."""
    rounds = [(_measured("headrace", source), _measured("plain", source)) for _ in range(_ROUNDS)]
    ours, plain = ([median(run[n] for run in runs) for n in range(4)] for runs in zip(*rounds, strict=True))
    if ours[3] != plain[3]:
        sys.exit(f"Not a sound measurement: headrace wrote {ours[3]} records, DuckDB {plain[3]}")
    report.fact(f"{records:,} records: headrace", *_figures(ours))
    report.fact(f"{records:,} records: DuckDB's plain COPY", *_figures(plain))
    report.ratio(f"{records:,} records: throughput of plain COPY", plain[0] / ours[0], at_least=_TIMES_PLAIN)
    report.ratio(f"{records:,} records: {_PEAK_MB} MB over peak memory", _PEAK_MB / ours[2], at_least=1)
    return ours[2]


def _figures(run: list[float]) -> list[str]:
    return [f"{run[0]:6.2f} s", f"{run[1]:6.2f} CPU-s", f"{run[2]:5.0f} MB peak"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--run", nargs=2, metavar=("WHICH", "FILE"))
    given = parser.parse_args()
    if given.run:
        _run_here(given.run[0], Path(given.run[1]))
        return
    report = Report("Engine: CSV, 24 tasks, typed Parquet")
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for records in given.records:
            source = data.write(Path(folder) / "people.csv", records)
            peaks.append(_compare(report, source, records))
    report.ratio("Peak memory: first size over last", peaks[0] / peaks[-1], at_least=0.8)
    report.close()


if __name__ == "__main__":
    main()
