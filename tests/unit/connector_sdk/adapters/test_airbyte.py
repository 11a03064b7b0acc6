"""Airbyte connectors as custom connectors."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.connector_sdk import lambda_shapes as shapes
from headrace.connector_sdk.custom import described
from headrace.errors import Refused, StartOver, Stop
from tests.unit.connector_sdk.adapters.shops import Shop, asked, ids, shop

ORDERS = "shop.orders"


@pytest.fixture(name="source")
def hosted(tmp_path: Path) -> Generator[Shop]:
    with shop(tmp_path, "airbyte") as made:
        yield made


def test_a_connector_says_what_it_has_to_be_told(source: Shop) -> None:
    shown = shapes.configuration(described(source.host, "Shop"))
    settings = {each["key"]: each for each in shown["connectorRuntimeSettings"]}
    assert {key: (each["dataType"], each["isRequired"]) for key, each in settings.items()} == {
        # It has a default.
        "shop": ("String", False),
        "count": ("Long", False),
        "mood": ("String", False),
        "credentials__kind": ("String", False),
        "credentials__user": ("String", False),
    }
    assert settings["credentials__kind"]["connectorSuppliedValueOptions"] == ["token", "login"]
    (custom,) = shown["authenticationConfig"]["customAuthConfigs"]
    assert custom["customAuthenticationType"] == "Airbyte"
    assert [each["key"] for each in custom["authParameters"]] == ["credentials__token", "credentials__password"]


def test_a_profile_is_tried_by_the_connectors_check(source: Shop) -> None:
    source.connector(credentials__kind="token").check()


def test_a_check_that_fails_is_a_refusal_in_the_connectors_words(tmp_path: Path) -> None:
    refused = pytest.raises(Refused, match=r"The shop knows no \[redacted\]\.")
    with shop(tmp_path, "airbyte", token="wrong-token") as source, refused:
        source.connector().check()


@pytest.mark.parametrize(
    "mood, words",
    [("crashes", "The shop can't be reached.; timed out"), ("mute", r"gave no connectionStatus \(its check\)")],
)
def test_a_check_that_comes_to_no_end_is_an_error(source: Shop, mood: str, words: str) -> None:
    with pytest.raises(Stop, match=words) as raised:
        source.connector(mood=mood).check()
    assert not isinstance(raised.value, Refused)


def test_entities_and_their_fields_come_from_the_catalog(source: Shop) -> None:
    custom = source.connector()
    assert [entity["name"] for entity in custom.entities(None)] == [ORDERS, "things"]
    fields = {field["identifier"]: field for field in custom.describe(ORDERS)}
    assert {name: field["supportedFieldTypeDetails"]["v1"]["fieldType"] for name, field in fields.items()} == {
        "id": "BigInteger",
        "price": "Double",
        "at": "DateTime",
        "tags": "List",
        "more": "Map",
        "anything": "String",
    }
    offered = "isTimestampFieldForIncrementalQueries"
    assert [name for name, field in fields.items() if field["sourceProperties"][offered]] == ["at"]
    assert [name for name, field in fields.items() if field["isPrimaryKey"]] == ["id"]
    assert (custom.keeps_place(ORDERS), custom.keeps_place("things")) == (True, False)


def test_records_are_read_with_the_fields_that_are_wanted_and_needed(source: Shop) -> None:
    pages = list(source.connector(count="1200").read(asked(entity=ORDERS, fields=("price",))))
    assert ids(*pages) == list(range(1200))
    assert json.loads(pages[0].records[0]) == {"id": 0, "price": 1.5, "at": "2026-01-01T00:00:00Z"}
    # What the connector says for people is a line each, without its secrets.
    assert "reading with [redacted]\nand patience" in source.said
    assert source.left_over() == []


def test_an_entity_without_a_namespace_is_read(source: Shop) -> None:
    assert ids(*source.connector(count="2").read(asked(entity="things"))) == [0, 1]


@pytest.mark.parametrize("mood", ["stream", "global", "legacy"])
def test_an_incremental_reading_goes_on_where_the_connector_said(source: Shop, mood: str) -> None:
    pages = list(source.connector(count="5", mood=mood).read(asked(entity=ORDERS, since="")))
    bookmark = next(page.bookmark for page in reversed(pages) if page.bookmark)

    pages = list(source.connector(count="7", mood=mood).read(asked(entity=ORDERS, since=bookmark)))

    assert ids(*pages) == [5, 6]


def test_an_entity_that_can_only_be_read_whole_is_read_whole(source: Shop) -> None:
    pages = list(source.connector().read(asked(entity="things", since="")))
    assert ids(*pages) == [0, 1, 2]
    assert [page.bookmark for page in pages if page.bookmark] == []


def test_an_error_that_passes_is_a_reason_to_read_again(source: Shop) -> None:
    with pytest.raises(StartOver, match=r"The shop is closed.; come back later"):
        list(source.connector(mood="transient_error").read(asked(entity=ORDERS)))


@pytest.mark.parametrize(
    "mood, words", [("system_error", "The shop is closed.; come back later"), ("quiet_error", "Half of the shop")]
)
def test_an_error_ends_the_reading_in_the_connectors_words(source: Shop, mood: str, words: str) -> None:
    with pytest.raises(Stop, match=words):
        list(source.connector(mood=mood).read(asked(entity=ORDERS)))


def test_a_connector_that_changes_its_own_settings_is_heard_of(source: Shop) -> None:
    list(source.connector(mood="control", count="1").read(asked(entity=ORDERS)))
    assert "changed its configuration, which is not kept" in source.said


def manifest(folder: Path, text: str, name: str = "shop.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_what_a_manifest_has_to_be_told_is_read_from_it(source: Shop, tmp_path: Path) -> None:
    spec = {"connection_specification": {"required": ["url"], "properties": {"url": {"type": "string"}}}}
    path = manifest(tmp_path, json.dumps({"spec": spec}), "shop.json")
    source.place = replace(source.place, manifest=path)
    shown = shapes.configuration(described(source.host, "Shop"))
    assert shown["connectorName"] == "shop"
    assert [(each["key"], each["isRequired"]) for each in shown["connectorRuntimeSettings"]] == [("url", True)]


def test_yaml_is_read_by_the_connectors_own_python(source: Shop, tmp_path: Path) -> None:
    path = manifest(tmp_path, "spec: {connection_specification: {properties: {url: {type: string}}}}")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = manifest(bin_folder, "#!/bin/sh\n", "source-shop")
    program.chmod(0o755)
    source.place = replace(source.place, manifest=path, command=(str(program),))
    with pytest.raises(Stop, match=r"There is no Python beside .*source-shop"):
        described(source.host, "Shop")

    reader = manifest(bin_folder, f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n', "python")
    reader.chmod(0o755)
    manifest(
        tmp_path, "def safe_load(text):\n    return {'spec': {'connection_specification': {}}, 'x': text}\n", "yaml.py"
    )
    assert described(source.host, "Shop")["connectorRuntimeSetting"] == []

    manifest(tmp_path, "def safe_load(text):\n    raise ValueError('line 3 is odd')\n", "yaml.py")
    with pytest.raises(Stop, match=r"reading .*shop.yaml.*ValueError: line 3 is odd"):
        described(source.host, "Shop")


@pytest.mark.parametrize("text, words", [("nonsense", "can't be read"), ("[]", "is no object")])
def test_a_manifest_that_is_none_is_named(source: Shop, tmp_path: Path, text: str, words: str) -> None:
    source.place = replace(source.place, manifest=manifest(tmp_path, text, "shop.json"))
    with pytest.raises(Stop, match=rf"shop\.json {words}"):
        described(source.host, "Shop")
