from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.catalog import CATALOG
from headrace.connector_sdk.http.network import USUAL_BOUNDS, Bounds
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.opened import ANSWER_S, Kept, OpenedConnector
from headrace.connector_sdk.rest import RestConnector
from headrace.errors import Retry
from tests.standins.ledger import Ledger
from tests.standins.paging_shop import api
from tests.standins.rest_api import RestApi, query

CALLS: list[Callable[[OpenedConnector], object]] = [
    lambda connector: connector.check(),
    lambda connector: list(connector.read(query("cursor"))),
]


def times_out(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("silent")


def opened(shop: RestApi, answer_s: float | None) -> OpenedConnector:
    kind = RecordConnectorType(
        connector_type="Shop", open=lambda _, outside: RestConnector(api(), outside), declared=CATALOG["Slack"]
    )
    held = shop.connection()
    return OpenedConnector(kind, held, shop.outside(), Kept(held, MetadataCache(lambda: 0)), answer_s)


def plain(_ledger: Ledger) -> RecordConnectorType:
    return RecordConnectorType(connector_type="Shop", open=lambda _, outside: RestConnector(api(), outside))


@pytest.mark.parametrize(
    "call, answer_s, is_short",
    [(CALLS[0], ANSWER_S, True), (CALLS[0], None, False), (CALLS[1], ANSWER_S, False)],
    ids=["a caller's check", "an execution's check", "reading"],
)
def test_a_caller_waits_for_answers_less_long_than_executions_do(
    call: Callable[[OpenedConnector], object], answer_s: float | None, is_short: bool
) -> None:
    shop = RestApi(times_out)
    with pytest.raises(Retry, match="did not answer within"):
        call(opened(shop, answer_s))
    assert [request.extensions["timeout"]["read"] <= ANSWER_S for request in shop.asked] == [is_short] * 3


def test_all_that_is_asked_for_one_caller_shares_the_time() -> None:
    at = [0.0]
    http = Http(httpx.MockTransport(times_out), wait=lambda _: None, monotonic=lambda: at[0]).within(20)
    assert [http.has_time(seconds) for seconds in (19, 20)] == [True, False]
    at[0] = 15.0
    assert [http.has_time(seconds) for seconds in (4, 5)] == [True, False]
    assert http.bounds(USUAL_BOUNDS) == Bounds(connect_s=5, idle_s=5, whole_s=5)
    at[0] = 20.0
    with pytest.raises(Retry, match="took too long"):
        http.bounds(USUAL_BOUNDS)


@pytest.mark.parametrize("connector_type, keeps", [(lambda ledger: ledger.connector_type(), True), (plain, False)])
def test_a_connector_that_keeps_its_place_does_so_behind_a_profile(
    connector_type: Callable[[Ledger], RecordConnectorType], keeps: bool, tmp_path: Path
) -> None:
    shop = RestApi(times_out)
    held = shop.connection()
    kept = Kept(held, MetadataCache(lambda: 0))
    connector = OpenedConnector(connector_type(Ledger(tmp_path)), held, shop.outside(), kept)
    assert connector.keeps_place("entry") is keeps
