"""The page of metrics: that Prometheus's own parser reads it, and who else may."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from headrace.errors import InternalServerException
from headrace.meters import FlowName, Meters
from headrace.settings import Settings
from headrace.store.figures import Figures, Waiting
from headrace.wire.asgi import Message
from headrace.wire.metrics import Board, MetricsPage
from tests.unit.wire.rig import Reply, Rig

NOW_MS = 1_000_000
TOKEN = "a-token-of-some-length"
FIGURES = Figures(
    executions=(Waiting("queued", 3, NOW_MS - 2500), Waiting("running", 1, NOW_MS - 9000)),
    flows=(("OnDemand", "Active", 5),),
    next_due_ms=NOW_MS - 1500,
    outbox=(Waiting("k1", 2, NOW_MS - 7000), Waiting("gone", 1, NOW_MS)),
)
NOTHING = Figures((), (), None, ())


def board(figures: Figures | Exception = FIGURES) -> Board:
    answer: Future[Figures] = Future()
    if isinstance(figures, Figures):
        answer.set_result(figures)
    else:
        answer.set_exception(figures)
    build = {"version": "1.2.3", "python": "3.11", "store": "sqlite"}
    return Board(Meters(), lambda: answer, lambda: NOW_MS, {"k1": 'web "hook"', "k2": "file"}, build)


def ask(board: Board, *, method: str = "GET", settings: Settings | None = None, **headers: str) -> Reply:
    page = MetricsPage(board, settings or Settings(data=Path("unused")))
    given = {"host": "localhost:8080", **headers}
    scope = {"method": method, "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()]}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(page.serve(scope, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], found, sent[1]["body"])


def samples(reply: Reply) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    assert (reply.status, reply.headers["content-length"]) == (200, str(len(reply.body)))
    families = list(prometheus(reply.body.decode()))
    assert all(family.documentation and family.type != "unknown" for family in families)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def of(found: dict[tuple[str, tuple[tuple[str, str], ...]], float], name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def test_what_appflow_tells_cloudwatch_is_told_by_flow() -> None:
    shown = board()
    name = FlowName("000000000000", "us-east-1", 'o"\\rders')
    shown.meters.flows.started(name)
    shown.meters.flows.started(name)
    shown.meters.flows.ended(name, "succeeded", 2.5, 63_000)
    shown.meters.flows.ended(name, "failed", 0.5, 7)
    found = samples(ask(shown))
    labels = name._asdict()
    assert of(found, "headrace_flow_executions_started_total", **labels) == 2
    assert of(found, "headrace_flow_executions_succeeded_total", **labels) == 1
    assert of(found, "headrace_flow_executions_failed_total", **labels) == 1
    assert of(found, "headrace_flow_executions_canceled_total", **labels) == 0
    assert of(found, "headrace_flow_execution_time_seconds_count", **labels) == 2
    assert of(found, "headrace_flow_execution_time_seconds_sum", **labels) == 3.0
    assert of(found, "headrace_flow_execution_records_processed_total", **labels) == 63_007


def test_what_waits_in_the_store_is_told() -> None:
    found = samples(ask(board()))
    assert of(found, "headrace_store_up") == 1
    assert of(found, "headrace_executions", state="queued") == 3
    assert of(found, "headrace_executions", state="running") == 1
    assert of(found, "headrace_executions", state="cancelling") == 0
    assert of(found, "headrace_queue_oldest_seconds") == 2.5
    assert of(found, "headrace_schedule_overdue_seconds") == 1.5
    assert of(found, "headrace_flows", trigger="OnDemand", status="Active") == 5
    assert of(found, "headrace_outbox_reports", receiver='web "hook"', key="k1") == 2
    assert of(found, "headrace_outbox_oldest_seconds", receiver='web "hook"', key="k1") == 7
    assert of(found, "headrace_outbox_reports", receiver="file", key="k2") == 0
    assert of(found, "headrace_outbox_reports", receiver="not known here", key="gone") == 1
    assert of(found, "headrace_build_info", version="1.2.3", python="3.11", store="sqlite") == 1
    assert of(found, "process_cpu_seconds_total") > 0


def test_nothing_that_waits_is_told_as_zero() -> None:
    found = samples(ask(board(NOTHING)))
    assert of(found, "headrace_queue_oldest_seconds") == 0
    assert of(found, "headrace_schedule_overdue_seconds") == 0
    assert of(found, "headrace_executions", state="queued") == 0


def test_a_tick_that_is_yet_to_come_is_not_overdue() -> None:
    found = samples(ask(board(replace(NOTHING, next_due_ms=NOW_MS + 5000))))
    assert of(found, "headrace_schedule_overdue_seconds") == 0


def test_times_are_cumulated_as_prometheus_has_them() -> None:
    shown = board()
    for seconds in (0.02, 0.3, 700.0):
        shown.meters.lateness.add(seconds)
    found = samples(ask(shown))
    bucket = "headrace_schedule_lateness_seconds_bucket"
    assert [of(found, bucket, le=le) for le in ("0.01", "0.05", "0.5", "600.0", "+Inf")] == [0, 1, 2, 2, 3]
    assert of(found, "headrace_schedule_lateness_seconds_sum") == 700.32


def test_the_store_being_down_leaves_the_rest_of_the_page() -> None:
    found = samples(ask(board(InternalServerException("the disk is full"))))
    assert of(found, "headrace_store_up") == 0
    assert of(found, "headrace_claims_total") == 0
    assert not any(name == "headrace_executions" for name, _ in found)


def test_whoever_asks_for_open_metrics_gets_them() -> None:
    reply = ask(board(), accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert any(family.name == "headrace_executions" for family in open_metrics(reply.body.decode()))


def test_the_page_is_read_with_get() -> None:
    reply = ask(board(), method="POST")
    assert (reply.status, reply.body) == (405, b"/metrics is read with GET\n")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "metrics.localhost"])
def test_pages_of_this_machine_are_read_by_everybody(host: str) -> None:
    assert ask(board(), host=host).status == 200


@pytest.mark.parametrize("host", ["strange.example:8080", "10.0.0.1", ""])
def test_a_name_that_another_site_gave_this_machine_is_refused(host: str) -> None:
    reply = ask(board(), host=host)
    assert reply.status == 403
    assert b"HEADRACE_METRICS_TOKEN" in reply.body
    assert ask(board(), host=host, settings=Settings(data=Path("unused"), allow_open=True)).status == 200


@pytest.mark.parametrize("auth", ["open", "sigv4"])
def test_with_a_token_the_page_is_for_who_bears_it(auth: Any) -> None:
    settings = Settings(data=Path("unused"), auth=auth, metrics_token=TOKEN)
    assert ask(board(), settings=settings, authorization=f"Bearer {TOKEN}", host="strange.example").status == 200
    for wrong in ("", "Bearer ", f"Bearer {TOKEN}x", TOKEN, "Bearer \xe9"):
        reply = ask(board(), settings=settings, authorization=wrong)
        assert (reply.status, b"bears" in reply.body) == (403, True)
        assert TOKEN.encode() not in reply.body


def test_where_signatures_count_nobody_reads_it_without_a_token() -> None:
    reply = ask(board(), settings=Settings(data=Path("unused"), auth="sigv4"))
    assert (reply.status, b"set HEADRACE_METRICS_TOKEN" in reply.body) == (403, True)


def test_requests_are_counted_by_operation_and_status() -> None:
    rig = Rig()
    rig.ask("/list-flows")
    rig.ask("/start-flow", b"{}")
    rig.ask("/no-such-operation")
    rig.ask("/start-flow", parts=[None], declared=5)
    for word in ("a", "b"):
        rig.ask(f"/headrace/v1/owner/{word}")
    counted = dict(rig.meters.requests.read())
    assert counted[("ListFlows", "200")] == counted[("StartFlow", "400")] == counted[("StartFlow", "gone")] == 1
    assert counted[("unknown", "404")] == 1
    assert [status for operation, status in counted if operation == "owner"] == ["404"]
    assert sum(sum(timing.counts) for timing in rig.meters.answers.read()) == 6
