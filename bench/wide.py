"""Records of twenty, a hundred and three hundred fields, as many values in all: what a value takes, and DuckDB alone.

python -m bench.wide [--values 6000000]: every field cast by a Map task, two filters, typed Parquet out; CPU, medians of
three in turn. What a flow takes before its first record, and the checks of CreateFlow, stand by themselves.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import duckdb

from bench import data
from bench.report import Report
from headrace.connector_sdk.contract import LocalFile
from headrace.engine.layout import Output
from headrace.engine.results import Naming, SplitOrder
from headrace.engine.split import Engine
from headrace.engine.tasks import Filter, Map, Tasks
from headrace.engine.watch import Watch
from headrace.flow.plan import plan
from headrace.model.check import located
from headrace.settings import MIB

ROUNDS = 3
WIDTHS = (20, 100, 300)
# A value of the widest records takes at most so many times that of the narrowest.
GROWTH = 1.3
# AppFlow's data type, DuckDB's, and SQL of a value, {n} a whole number that varies.
_KINDS = (
    ("bigint", "BIGINT", "{n} % 100000000"),
    ("decimal(18,4)", "DECIMAL(18, 4)", "CAST({n} % 10000000 * 0.0001 AS DECIMAL(18, 4))"),
    ("datetime", "TIMESTAMPTZ", "TIMESTAMP '2019-01-01' + to_seconds(CAST({n} % 200000000 AS BIGINT))"),
    ("string", "VARCHAR", "'value ' || hex({n} % 1000000)"),
    ("boolean", "BOOLEAN", "{n} % 3 = 0"),
    ("double", "DOUBLE", "CAST({n} % 10000000 * 0.01 AS DOUBLE)"),
    ("date", "DATE", "DATE '1940-01-01' + CAST({n} % 25000 AS INTEGER)"),
)
_READ = {
    "csv": "read_csv('{path}', auto_detect=false, header=true, delim=',', quote='\"', escape='\"', columns={columns})",
    "json": "read_ndjson('{path}', columns={columns})",
    "parquet": "read_parquet('{path}')",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--values", type=int, default=6_000_000)
    given = parser.parse_args()
    report = Report(f"Wide records: {given.values:,} values, a cast each, to typed Parquet, CPU")
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(memory_limit_bytes=512 * MIB, threads=2, scratch=Path(folder) / "scratch")
        for form in data.FORMATS:
            _compare(report, engine, Path(folder), form, given.values)
        _first_record(report, engine, Path(folder))
        engine.close()
    _checks(report)
    report.close()


def _compare(report: Report, engine: Engine, folder: Path, form: data.Format, values: int) -> None:
    per_value: list[float] = []
    for width in WIDTHS:
        source = _source(folder / f"{width}.{form}", width, values // width)
        rounds = [(_cpu_s(_ours, engine, source, width), _cpu_s(_plain, source, width)) for _ in range(ROUNDS)]
        ours, plain = (median(each) for each in zip(*rounds, strict=True))
        name = f"{form}, {width} fields"
        report.fact(name, f"headrace {ours:5.2f} CPU-s", f"DuckDB's plain COPY {plain:5.2f}")
        report.figure("wide", form=form, fields=width, headrace=ours, plain=plain, values=values)
        per_value.append(ours)
        source.unlink()
    # As a quotient of which more is better, as all targets are.
    report.ratio(
        f"{form}: a value of {WIDTHS[0]} fields over one of {WIDTHS[-1]}", per_value[0] / per_value[-1],
        at_least=1 / GROWTH,
    )  # fmt: skip


def _first_record(report: Report, engine: Engine, folder: Path) -> None:
    """What is there whatever the number of records: planning the SELECT, most of all."""
    for width in WIDTHS:
        source = _source(folder / f"one-{width}.csv", width, 1000)
        whole = median(_cpu_s(_ours, engine, source, width) for _ in range(ROUNDS))
        report.fact(f"a thousand records of {width} fields", f"{whole * 1000:5.0f} ms")


def _checks(report: Report) -> None:
    for width in WIDTHS:
        made = _document(width)
        taken = min(_cpu_s(_check, made) for _ in range(ROUNDS))
        report.fact(f"checks of CreateFlow, {width + 1} tasks", f"{taken * 1000:5.1f} ms")


def _check(made: dict[str, Any]) -> None:
    assert not list(located("CreateFlow", made))
    plan(made)


def _cpu_s(work: Callable[..., object], *args: object) -> float:
    begun = process_time()
    work(*args)
    return process_time() - begun


def _source(path: Path, width: int, records: int) -> Path:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE numbers AS SELECT i FROM range(?) AS t(i)", [records])
        values = (
            f"{_KINDS[place % len(_KINDS)][2].format(n=f'(hash(i * 512 + {place}) >> 3)')} AS c{place}"
            for place in range(width)
        )
        con.execute(f"COPY (SELECT {', '.join(values)} FROM numbers) TO '{path}' (FORMAT {path.suffix[1:]})")
    return path


def _ours(engine: Engine, source: Path, width: int) -> None:
    maps = (Map(2 + at, f"c{at}", f"c{at}", _KINDS[at % len(_KINDS)][0]) for at in range(width))
    filters = (
        Filter(0, "c0", "GREATER_THAN", "number", ("100",)),
        Filter(1, "c3", "NOT_EQUAL_TO", "string", ("value 0",)),
    )
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        order = SplitOrder(
            tasks=Tasks(filters=filters, maps=tuple(maps)),
            input={"csv": "csv", "json": "json", "parquet": "parquet"}[source.suffix[1:]],  # pyright: ignore[reportArgumentType]
            output=Output("out", file_type="PARQUET", keeps_types=True),
            number=0,
            files=[LocalFile(f"s3://in/{source.name}", source, source.stat().st_size)],
            fields=None,
            staging=Path(folder) / "staging",
            rejects=Path(folder) / "rejects",
            naming=Naming("bench", "execution", 1, datetime.now(UTC)),
        )
        counts = engine.run_split(order, Watch(lambda _: None)).counts
    assert counts.balanced
    assert not counts.records_rejected


def _plain(source: Path, width: int) -> None:
    casts = (f"TRY_CAST(c{at} AS {_KINDS[at % len(_KINDS)][1]}) AS c{at}" for at in range(width))
    columns = {f"c{at}": "VARCHAR" for at in range(width)}
    read = _READ[source.suffix[1:]].format(path=source, columns=columns)
    passing = "TRY_CAST(c0 AS BIGINT) > 100 AND c3 <> 'value 0'"
    with duckdb.connect(config={"threads": 2}) as con, tempfile.TemporaryDirectory(dir=source.parent) as folder:
        con.execute("SET TimeZone = 'UTC'")
        statement = f"SELECT {', '.join(casts)} FROM {read} WHERE {passing}"
        con.execute(f"COPY ({statement}) TO '{folder}/plain' (FORMAT parquet, COMPRESSION zstd)")


def _document(width: int) -> dict[str, Any]:
    from_s3 = {"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "raw"}}}
    typed = {"fileType": "PARQUET", "preserveSourceDataTyping": True}
    into_s3 = {"S3": {"bucketName": "lake", "s3OutputFormatConfig": typed}}
    fields = [f"c{at}" for at in range(width)]
    projection = {"taskType": "Filter", "connectorOperator": {"S3": "PROJECTION"}, "sourceFields": fields}
    return {
        "flowName": "wide",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": from_s3,
        "destinationFlowConfigList": [{"connectorType": "S3", "destinationConnectorProperties": into_s3}],
        "tasks": [
            projection | {"taskProperties": {}},
            *(
                {
                    "taskType": "Map",
                    "sourceFields": [name],
                    "destinationField": name,
                    "taskProperties": {"DESTINATION_DATA_TYPE": _KINDS[at % len(_KINDS)][0]},
                }
                for at, name in enumerate(fields)
            ),
        ],
    }


if __name__ == "__main__":
    main()
