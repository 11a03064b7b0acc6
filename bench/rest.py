"""Records of a REST interface: read by a connector that is described as data, beside a plain loop of HTTP and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httpx

from bench.paged_api import paged_api
from bench.report import Report
from headrace.clock import SystemClock
from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Connection, Credentials, Query
from headrace.connector_sdk.rest import Api, Bearer, Cursor, PageSize, Resource, opened
from headrace.settings import Settings

RECORDS, PAGE, ROUNDS = 100_000, 1_000, 5
RECORDS_A_SECOND = 80_000
CUSTOMERS = Resource(
    entity="customers",
    path="/customers",
    records="items",
    paging=Cursor("next", "after"),
    page_size=PageSize("limit", PAGE),
)
API = Api(name="Bench", base_url="{instanceUrl}", logins={"OAuth2": Bearer()}, resources=(CUSTOMERS,))


def main() -> None:
    report = Report(f"REST: {RECORDS:,} records in pages of {PAGE:,} over loopback, best of {ROUNDS}")
    http = Http()
    with paged_api(RECORDS, PAGE) as url:
        # In turns, so that what the machine does meanwhile happens to both.
        ways = {"connector": partial(by_connector, http, url), "loop": partial(by_loop, url)}
        times = {name: [seconds(way) for _ in range(ROUNDS)] for name, way in ways.items()}
    http.close()
    (ours, ours_cpu), (plain, plain_cpu) = (tuple(map(min, zip(*each, strict=True))) for each in times.values())
    report.fact(
        "Connector described as data", f"{RECORDS / ours:,.0f} records/s", f"{RECORDS / ours_cpu:,.0f} a CPU second"
    )
    report.fact(
        "httpx and json in a loop", f"{RECORDS / plain:,.0f} records/s", f"{RECORDS / plain_cpu:,.0f} a CPU second"
    )
    report.ratio("Connector to loop", plain / ours, at_least=1)
    report.seconds(f"{RECORDS:,} records", ours, at_most=RECORDS / RECORDS_A_SECOND)
    report.close()


def seconds(way: Callable[[], int]) -> tuple[float, float]:
    """By the clock, and of this process's CPU."""
    begun, begun_cpu = perf_counter(), process_time()
    count = way()
    taken = perf_counter() - begun, process_time() - begun_cpu
    assert count == RECORDS, count
    return taken


def by_connector(http: Http, url: str) -> int:
    """Every page as the runner gets it: records as single lines of JSON, and a position."""
    connector = opened(API)(connection(url), outside(http, url))
    return sum(len(page.records) for page in connector.read(query()))


def by_loop(url: str) -> int:
    """What anybody would write: records as values, no retries, no checks."""
    count, after = 0, "0"
    with httpx.Client() as client:
        while after is not None:
            answer: dict[str, Any] = json.loads(client.get(f"{url}/customers", params={"after": after}).content)
            count += len(answer["items"])
            after = answer["next"]
    return count


def connection(url: str) -> Connection:
    return Connection(
        account="000000000000",
        region="us-east-1",
        profile_name="bench",
        connector_type="Bench",
        connector_label=None,
        properties={"instanceUrl": url},
        credentials=Credentials("OAuth2", {"accessToken": "a-token"}),
        secret_arn="",
    )


def outside(http: Http, url: str) -> Outside:
    return Outside(
        connection=lambda: connection(url),
        refresh=bool,
        kept=lambda _, ask: ask(),
        settings=Settings(Path("nowhere")),
        now=SystemClock().now,
        http=http,
    )


def query() -> Query:
    return Query(
        entity="customers",
        fields=None,
        filter_expression=None,
        after=None,
        page_size=PAGE,
        flow_name="bench",
        execution_id="bench",
        api_version=None,
        settings={},
    )


if __name__ == "__main__":
    main()
