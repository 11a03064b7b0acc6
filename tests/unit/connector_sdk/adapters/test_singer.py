"""Singer taps as custom connectors, with a tap that behaves."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Generator
from pathlib import Path

import pytest

from headrace.connector_sdk import lambda_shapes as shapes
from headrace.connector_sdk.custom import described
from headrace.errors import NotThere, Stop
from tests.unit.connector_sdk.adapters.shops import TOKEN, Shop, asked, ids, shop


@pytest.fixture(name="tap")
def hosted(tmp_path: Path) -> Generator[Shop]:
    with shop(tmp_path) as made:
        yield made


def test_a_tap_says_what_it_has_to_be_told(tap: Shop) -> None:
    shown = shapes.configuration(described(tap.host, "Shop"))

    assert (shown["connectorName"], shown["connectorVersion"], shown["connectorOwner"]) == (
        "tap-shop",
        "1.2.3",
        "Singer",
    )
    assert (shown["canUseAsSource"], shown["canUseAsDestination"]) == (True, False)
    settings = {each["key"]: each for each in shown["connectorRuntimeSettings"]}
    assert {key: (each["dataType"], each["isRequired"]) for key, each in settings.items()} == {
        "count": ("Long", False),
        "mood": ("String", False),
        "after": ("Long", False),
        "marker": ("String", False),
        "padding": ("Long", False),
        "is_vip": ("Boolean", False),
        "regions": ("List", False),
    }
    assert settings["count"]["description"] == "How many orders there are."
    assert settings["mood"]["connectorSuppliedValueOptions"] == ["fine", "hangs"]
    (custom,) = shown["authenticationConfig"]["customAuthConfigs"]
    assert custom["customAuthenticationType"] == "Singer"
    secrets = {each["key"]: (each["isRequired"], each["isSensitiveField"]) for each in custom["authParameters"]}
    assert secrets == {"token": (True, True), "tunnel__key": (False, True)}


def test_a_tap_that_can_not_say_so_is_told_a_whole_configuration(tmp_path: Path) -> None:
    with shop(tmp_path, "singer", "--silent") as tap:
        tap.credentials = {"config": json.dumps({"token": TOKEN, "count": 2})}
        shown = shapes.configuration(described(tap.host, "Shop"))
        assert shown["connectorRuntimeSettings"] == []
        (parameter,) = shown["authenticationConfig"]["customAuthConfigs"][0]["authParameters"]
        assert (parameter["key"], parameter["isSensitiveField"]) == ("config", True)
        custom = tap.connector(config=json.dumps({"count": 1, "mood": "talks"}))
        custom.check()
        assert ids(*custom.read(asked())) == [0, 1]
        assert "my token is [redacted]" in tap.said


def test_a_profile_is_tried_by_finding_out_what_is_there(tap: Shop) -> None:
    tap.connector(count="5", is_vip="true", regions="north,south").check()
    assert tap.left_over() == []


def test_entities_and_their_fields_come_from_the_catalog(tap: Shop) -> None:
    custom = tap.connector()
    assert [entity["name"] for entity in custom.entities(None)] == ["shop-orders", "shop%20things", "shop-views"]
    fields = {field["identifier"]: field for field in custom.describe("shop-orders")}
    types = {name: field["supportedFieldTypeDetails"]["v1"]["fieldType"] for name, field in fields.items()}
    assert types == {"id": "Long", "name": "String", "changed": "DateTime", "address": "Struct"}
    assert [name for name, field in fields.items() if field["isPrimaryKey"]] == ["id"]
    offered = "isTimestampFieldForIncrementalQueries"
    # By these records are known to be replicated; where none are, by what holds an instant.
    assert [name for name, field in fields.items() if field["sourceProperties"][offered]] == ["id"]
    fields = {field["identifier"]: field for field in custom.describe("shop%20things")}
    assert [name for name, field in fields.items() if field["sourceProperties"][offered]] == ["changed"]
    with pytest.raises(NotThere, match=r"no entity shop-gone. There are: shop-orders, "):
        custom.describe("shop-gone")


def test_records_are_read_page_by_page_from_one_run_of_the_tap(tap: Shop) -> None:
    pages = list(tap.connector(count="2500").read(asked()))
    assert [len(page.records) for page in pages if page.records] == [1000, 1000, 500]
    assert ids(*pages) == list(range(2500))
    assert json.loads(pages[0].records[1]) == {
        "id": 1,
        "name": "order 1 ☃",
        "changed": "2026-01-01T00:01:00Z",
        "address": {"city": "here"},
    }
    assert [page.bookmark for page in pages if page.bookmark] == []
    assert tap.left_over() == []


def test_memory_stays_flat_however_much_the_tap_has(tap: Shop) -> None:
    pages = tap.connector(count="1000", padding="100000").read(asked())
    next(pages)
    tracemalloc.start()
    try:
        sizes = [sum(map(len, page.records)) for page in pages]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) > 90_000_000
    assert max(sizes) < 5_000_000
    assert peak_bytes < 25_000_000


def test_the_tap_is_told_which_fields_are_wanted(tap: Shop) -> None:
    (*_, last) = tap.connector(count="1").read(asked(fields=("name",)))
    assert json.loads(last.records[0]) == {"id": 0, "name": "order 0 ☃"}


def test_an_entity_whose_name_has_blanks_is_read_by_the_name_that_appflow_can_spell(tap: Shop) -> None:
    assert ids(*tap.connector(count="1").read(asked(entity="shop%20things"))) == [0]


def test_an_incremental_reading_goes_on_where_the_tap_said(tap: Shop) -> None:
    custom = tap.connector(count="250")
    assert custom.keeps_place("shop-orders")
    pages = list(custom.read(asked(since="")))
    bookmark = next(page.bookmark for page in reversed(pages) if page.bookmark)
    assert json.loads(bookmark) == {"bookmarks": {"shop-orders": {"id": 250, "by": "id"}}}

    pages = list(tap.connector(count="252").read(asked(since=bookmark)))

    assert ids(*pages) == [250, 251]


def test_the_flow_may_name_the_field_that_an_incremental_reading_goes_by(tap: Shop) -> None:
    pages = list(tap.connector().read(asked(entity="shop%20things", since="", timestamp_field="changed")))
    bookmark = next(page.bookmark for page in reversed(pages) if page.bookmark)
    assert json.loads(bookmark)["bookmarks"]["shop things"]["by"] == "changed"


def test_the_only_field_that_holds_an_instant_need_not_be_named(tap: Shop) -> None:
    pages = list(tap.connector().read(asked(entity="shop%20things", since="")))
    bookmark = next(page.bookmark for page in reversed(pages) if page.bookmark)
    assert json.loads(bookmark)["bookmarks"]["shop things"]["by"] == "changed"


@pytest.mark.parametrize(
    "field, words",
    [
        ("nothing", "has no field nothing, which the flow names as datetimeTypeFieldName"),
        ("changed", "by changed: name another one as datetimeTypeFieldName, such as id"),
    ],
)
def test_a_field_that_an_incremental_reading_can_not_go_by_is_refused(tap: Shop, field: str, words: str) -> None:
    with pytest.raises(Stop, match=words):
        list(tap.connector().read(asked(since="", timestamp_field=field)))


def test_an_entity_that_is_always_read_whole_leaves_its_place_to_the_windows(tap: Shop) -> None:
    assert not tap.connector().keeps_place("shop-views")


def test_what_a_file_of_settings_says_need_not_be_told(tmp_path: Path) -> None:
    given = {"token": TOKEN, "count": 7, "mood": "talks"}
    with shop(tmp_path, configuration=given) as tap:
        tap.credentials = {}
        shown = shapes.configuration(described(tap.host, "Shop"))
        (custom,) = shown["authenticationConfig"]["customAuthConfigs"]
        assert [each["isRequired"] for each in custom["authParameters"]] == [False, False]
        connector = tap.connector(count="2")
        connector.check()
        assert ids(*connector.read(asked())) == [0, 1]
        # What is secret in the file is one too.
        assert "my token is [redacted]" in tap.said


def test_an_adapter_answers_nothing_but_what_reads(tap: Shop) -> None:
    with pytest.raises(Stop, match=r"only reads"):
        tap.host.invoke({"type": "WriteDataRequest"})
