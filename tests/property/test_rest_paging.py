"""Reading that is broken off after any page and taken up again reads what reading in one go does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.rest import RestConnector
from tests.standins.paging_shop import PAGINGS, Shop, api
from tests.standins.rest_api import RestApi, answers, decoded, query

ORDERS = st.lists(st.integers(0, 10**6), max_size=12, unique=True).map(
    lambda ids: [{"id": number} for number in sorted(ids)]
)


def connector(shop: Shop) -> RestConnector:
    outside = RestApi(answers()).outside()
    return RestConnector(api(most=1000), replace(outside, http=Http(shop.transport())))


@pytest.mark.parametrize("way", PAGINGS)
@settings(max_examples=25, deadline=None)
@given(orders=ORDERS, limit=st.integers(1, 5), empty=st.frozensets(st.integers(0, 12), max_size=3), broken=st.data())
def test_a_resumed_reading_is_the_whole_one(
    way: str, orders: list[dict[str, Any]], limit: int, empty: frozenset[int], broken: st.DataObject
):
    shop = Shop(orders, empty=empty)
    whole = list(connector(shop).read(query(way, page_size=limit)))
    assert [record for page in whole for record in decoded(page.records)] == orders
    place = broken.draw(st.integers(0, len(whole) - 1))
    if whole[place].position is not None:
        rest = list(connector(shop).read(query(way, page_size=limit, after=whole[place].position)))
        assert rest == whole[place + 1 :]
