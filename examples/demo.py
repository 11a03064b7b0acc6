"""A flow from S3 to S3, from planting its data to looking at its output: `make demo` runs this."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import boto3
import duckdb
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

FLOW = Path(__file__).with_name("orders-flow.json")
MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
ORDERS_A_MONTH = 25_000
RECORDS = ORDERS_A_MONTH * len(MONTHS)
FIELDS = (
    "order_id",
    "ordered_at",
    "first_name",
    "last_name",
    "email",
    "card",
    "country",
    "quantity",
    "unit_price",
    "status",
    "note",
)
FIRST = ("Ada", "Zoë", "José", "李", "Søren", "Олена", "Nguyễn", "Łukasz", "さくら", "Fatima", "Ana María", "Siobhán")
LAST = ("Lovelace", "Müller", "O'Brien", "王", "Ångström", "Шевченко", "Trần", "Żółć", "山田", 'de "Wit"', "Smith, Jr.")
NOTES = (
    "",
    "",
    "gift, wrapped",
    'say "hello"',
    "ring twice\nthen call",
    "двері ліворуч",
    "請按鈴",
    "leave at the door",
)
BAD_QUANTITIES = ("two", "1O", "a dozen")

console = Console()


def main() -> None:
    data = Path(tempfile.mkdtemp(prefix="headrace-demo-"))
    document = json.loads(FLOW.read_text(encoding="utf-8"))
    planted_bytes = plant(data / "buckets" / "shop-exports" / "orders")
    say(f"Planted {RECORDS:,} orders ({planted_bytes / 1e6:.0f} MB of CSV) in the bucket [cyan]shop-exports[/]")
    with serving(data) as url:
        say(f"Started [cyan]headrace serve[/] at [cyan]{url}[/]: the endpoint that boto3 now speaks to")
        appflow = boto3.client(
            "appflow",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        created = appflow.create_flow(**document)
        say(f"Created [cyan]{created['flowArn']}[/] with {len(document['tasks'])} tasks")
        record = run(appflow, document["flowName"])
    if record["executionStatus"] != "Successful":
        sys.exit(f"The execution ended with status {record['executionStatus']}: {record['executionResult']}")
    show(record, data, document)
    what_next(data)


def plant(folder: Path) -> int:
    """Write the orders, the same every time; the answer is their size in bytes."""
    folder.mkdir(parents=True)
    chance = random.Random(2026)
    for number, month in enumerate(MONTHS):
        with (folder / f"{month}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(orders(chance, month, 1 + number * ORDERS_A_MONTH))
    return sum(path.stat().st_size for path in folder.iterdir())


def orders(chance: random.Random, month: str, first_id: int) -> Iterator[tuple[object, ...]]:
    """Orders as shops export them: names in every script, quotes, line breaks, gaps, and numbers that are none."""

    def some(pool: Sequence[object]) -> list[object]:
        return chance.choices(pool, k=ORDERS_A_MONTH)

    instants = [f"{month}-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:{n // 7 % 60:02}Z" for n in range(10_000)]
    return zip(
        range(first_id, first_id + ORDERS_A_MONTH),
        some(instants),
        some(FIRST),
        some(LAST),
        some(["" if n % 50 == 0 else f"user{n}@example.com" for n in range(10_000)]),
        some([f"4{n * 7919:015}" for n in range(10_000)]),
        some(["PT", "DE", "BR", "JP", "UA", "VN", "IE"]),
        some([*list(range(1, 10)) * 133, *BAD_QUANTITIES]),
        some([f"{n / 100:.2f}" for n in range(1, 10_000)]),
        some(["paid"] * 11 + ["cancelled"]),
        some(NOTES),
        strict=True,
    )


@contextmanager
def serving(data: Path) -> Generator[str]:
    """`headrace serve` on a free port, as a process of its own, until the block ends; the answer is its URL."""
    command = [sys.executable, "-m", "headrace", "serve", "--port", "0", "--data", str(data)]
    with (data / "serve.log").open("w") as log:
        service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    try:
        yield address(service, data / "serve.log")
        service.terminate()
        service.wait(20)
    finally:
        if service.poll() is None:
            os.killpg(service.pid, signal.SIGKILL)


def address(service: subprocess.Popen[str], log: Path) -> str:
    assert service.stdout is not None
    for line in service.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
    sys.exit(f"headrace serve did not start:\n{log.read_text()}")


def run(appflow: Any, flow_name: str) -> dict[str, Any]:
    """Start the flow and watch it with what AppFlow offers for that: the execution's record."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    pause = Event()
    with Progress(*columns, console=console) as progress:
        begun = perf_counter()
        started = appflow.start_flow(flowName=flow_name)
        bar = progress.add_task("Running", total=RECORDS)
        while True:
            answer = appflow.describe_flow_execution_records(flowName=flow_name)
            [record] = [each for each in answer["flowExecutions"] if each["executionId"] == started["executionId"]]
            progress.update(bar, completed=record["executionResult"].get("recordsProcessed", 0))
            if record["executionStatus"] in {"Successful", "Error", "Canceled"}:
                return record | {"took_s": perf_counter() - begun}
            pause.wait(0.05)


def show(record: dict[str, Any], data: Path, document: dict[str, Any]) -> None:
    result, name = record["executionResult"], document["flowName"]
    failed = result.get("errorInfo", {}).get("putFailuresCount", 0)
    lake = data / "buckets" / "lake" / "curated" / name / record["executionId"]
    written = rows(f"SELECT count(*) FROM '{lake}/*.parquet'")[0][0]
    say(
        f"Execution {record['executionId']}: [bold green]{record['executionStatus']}[/] in {record['took_s']:.2f} s\n"
        f"  {result['recordsProcessed']:,} records read, {written:,} written, {failed:,} rejected; "
        "the rest are cancelled orders (filtered) and orders without e-mail (validated)"
    )
    console.print(f"\n[bold]Output[/]  s3://lake/curated/{name}/{record['executionId']}/", highlight=False)
    console.print(f"  {lake}", highlight=False, soft_wrap=True)
    console.print(first_rows(lake))
    rejects = data / "rejects" / name / record["executionId"]
    with next(iter(sorted(rejects.rglob("*.json")))).open(encoding="utf-8") as file:
        reject = json.loads(file.readline())
    console.print("\n[bold]Rejected records[/]  each with its reason, its file and its line", highlight=False)
    console.print(f"  {rejects}", highlight=False, soft_wrap=True)
    console.print(
        f"  {reject['file']}, line {reject['line']}: {reject['error']}", style="yellow", soft_wrap=True, markup=False
    )
    console.print(f"  {json.dumps(reject['record'], ensure_ascii=False)}", style="dim", soft_wrap=True, markup=False)


def first_rows(lake: Path) -> Padding:
    table = Table(box=None, header_style="bold cyan", padding=(0, 1, 0, 0))
    for field in ("order_id", "ordered_at", "customer", "card", "total", "note"):
        table.add_column(field, no_wrap=True, max_width=16)
    query = f"""
        SELECT order_id::VARCHAR, strftime(ordered_at, '%Y-%m-%d %H:%M'), customer, card, total::VARCHAR, note
        FROM '{lake}/*.parquet' ORDER BY order_id LIMIT 5
    """
    for row in rows(query):
        table.add_row(*("[dim]null[/]" if value is None else escape(value.replace("\n", "⏎")) for value in row))
    return Padding(table, (0, 0, 0, 2))


def rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def what_next(data: Path) -> None:
    headrace = from_here(Path(sys.executable).with_name("headrace"))
    console.print("\n[bold]Next[/]")
    console.print(f"  {headrace} serve --data {data}", soft_wrap=True, highlight=False)
    console.print("      serve this flow again, for boto3, the AWS CLI, Airflow or Terraform")
    console.print(f"  {headrace} run {from_here(FLOW)} --data {data}", soft_wrap=True, highlight=False)
    console.print("      run the same document without a server; change it and run it again")


def from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def say(text: str) -> None:
    console.print(f"[green]✓[/] {text}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
