"""The conformance suite over a Singer tap and an Airbyte connector."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from headrace.connector_sdk.conformance import Abilities, Subject, conformance
from headrace.connector_sdk.custom import CustomConnector, described
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.records import Connection, Credentials
from tests.unit.connector_sdk.adapters.shops import TOKEN, Shop, shop
from tests.unit.connector_sdk.connections import connection


def subject(made: Shop, secret: str, entity: str) -> Subject:
    def opened(held: Connection) -> CustomConnector:
        made.credentials = held.credentials.values
        asked = replace(held, secret_arn=held.secret_arn.removesuffix("-conformance"))
        return CustomConnector(asked, made.host, (), MetadataCache(lambda: 0), refresh=lambda: False)

    own = connection("arn:aws:secretsmanager:us-east-1:000000000000:secret:appflow!shop", count="11")
    return Subject(
        name="Shop",
        open=opened,
        connection=replace(own, credentials=Credentials("CustomAuth", {secret: TOKEN})),
        abilities=Abilities(reads=True, writes=False, operations=()),
        tried=lambda held: opened(held).check(),
        configuration=described(made.host, "Shop"),
        ask=made.host.invoke,
        entities=(entity,),
        lines=lambda: [line for line, _ in made.lines],
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "protocol, secret, entity",
    [("singer", "token", "shop-orders"), ("airbyte", "credentials__token", "shop.orders")],
)
def test_a_program_of_others_does_what_a_connector_must(
    tmp_path: Path, protocol: Literal["singer", "airbyte"], secret: str, entity: str
) -> None:
    with shop(tmp_path, protocol) as made:
        results = list(conformance(subject(made, secret, entity)))
    found = {each.check.name: each for each in results}
    assert [f"{each.check.name}: {each.reason}" for each in results if each.outcome == "failed"] == []
    assert found["goes on at every position"].reason == (
        "whoever loses the place reads again from the start, and is told so"
    )
    assert sum(each.outcome == "passed" for each in results) >= 18
