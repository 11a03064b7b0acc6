from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from io import StringIO
from pathlib import Path

import pytest

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.catalog import CATALOG, Declared
from headrace.connector_sdk.records import RecordConnector
from headrace.connector_sdk.registry import GROUP, Connector, Registry
from headrace.connectors.s3 import S3
from headrace.errors import SettingsError
from headrace.log import Log
from headrace.settings import Settings


@dataclass(frozen=True)
class End:
    connector_type: str


@dataclass(frozen=True)
class Flow:
    source: End
    destinations: tuple[End, ...]


READS_ONLY = Connector("Reader", source=S3, destination=None)
TWIN = Connector("S3", source=S3, destination=S3)
NO_CONNECTOR = "just a text"


def never_opened(*_: object) -> RecordConnector:
    raise AssertionError


RECORDS = RecordConnectorType(connector_type="Salesforce", open=never_opened)
WRITES_ONLY = RecordConnectorType(
    connector_type="Zendesk", open=never_opened, declared=Declared("Zendesk", is_source=False, is_destination=True)
)
UNHEARD_OF = RecordConnectorType(connector_type="Notes", open=never_opened)


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def flow(source: str, *destinations: str) -> Flow:
    return Flow(End(source), tuple(map(End, destinations)))


@pytest.fixture(name="settings")
def embedded_settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


def test_s3_is_found_by_its_entry_point(settings: Settings) -> None:
    registry = Registry.load(settings)
    assert registry.faults == {}
    assert isinstance(registry.source("S3"), S3)
    assert isinstance(registry.destination("S3"), S3)
    assert registry.missing(flow("S3", "S3")) is None


def test_every_connector_that_is_missing_has_its_sentence(settings: Settings) -> None:
    registry = Registry.load(settings, entries=[entry("S3", "headrace.connectors.s3:CONNECTOR")])
    assert registry.missing(flow("Salesforce", "S3")) == (
        "The source connector Salesforce is not available in this headrace, which has CustomConnector, S3."
        " The flow document itself is valid."
    )
    both = registry.missing(flow("Slack", "Redshift", "Redshift", "S3", "Snowflake"))
    assert both is not None
    assert both.count("not available") == 3
    assert [name in both for name in ("source connector Slack", "connector Redshift", "connector Snowflake")] == [
        True
    ] * 3


def test_a_connector_may_be_a_source_only(settings: Settings) -> None:
    registry = Registry.load(settings, entries=[entry("Reader", f"{__name__}:READS_ONLY")])
    assert registry.missing(flow("Reader")) is None
    assert registry.missing(flow("Reader", "Reader")) == (
        "The destination connector Reader is not available in this headrace, which has CustomConnector."
        " The flow document itself is valid."
    )


@pytest.mark.parametrize(
    "value, reason",
    [
        ("no_such_package.module:CONNECTOR", "raised ModuleNotFoundError: No module named 'no_such_package'"),
        (f"{__name__}:NOTHING_OF_THE_NAME", "raised AttributeError"),
        (f"{__name__}:NO_CONNECTOR", "is no Connector"),
        (f"{__name__}:UNHEARD_OF", "is of Notes, which is no connectorType of the API"),
    ],
)
def test_a_broken_connector_is_logged_and_leaves_the_others_working(
    settings: Settings, value: str, reason: str
) -> None:
    stream = StringIO()
    log = Log(stream)
    entries = [entry("Broken", value), entry("S3", "headrace.connectors.s3:CONNECTOR")]
    registry = Registry.load(settings, log, entries)
    assert registry.missing(flow("S3", "S3")) is None
    told = registry.missing(flow("Broken", "S3"))
    assert told is not None
    assert told.startswith("The source connector Broken is installed but could not be loaded: ")
    assert reason in told
    assert "connector not loaded" in stream.getvalue()
    assert reason in stream.getvalue()


def test_the_url_of_a_connector_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, connector_urls={"slack": "http://127.0.0.1:1"})
    with pytest.raises(SettingsError, match="HEADRACE_CONNECTOR_URLS names slack: allowed are Salesforce, "):
        Registry.load(settings)


def test_two_connectors_of_one_type_are_not_mixed_up(settings: Settings) -> None:
    entries = [entry("S3", "headrace.connectors.s3:CONNECTOR"), entry("Other", f"{__name__}:TWIN")]
    registry = Registry.load(settings, entries=entries)
    assert registry.faults == {"Other": "there is another connector of the type S3"}
    assert registry.missing(flow("S3", "S3")) is None


def test_connectors_of_records_are_registered_beside_those_of_files(settings: Settings) -> None:
    entries = [entry("Salesforce", f"{__name__}:RECORDS"), entry("Zendesk", f"{__name__}:WRITES_ONLY")]
    registry = Registry.load(settings, entries=entries)

    assert registry.faults == {}
    assert registry.record_types == {"Salesforce": RECORDS, "Zendesk": WRITES_ONLY}
    assert registry.missing(flow("Salesforce", "Salesforce", "Zendesk")) is None
    lacks = registry.missing(flow("Zendesk", "CustomConnector"))
    assert lacks is not None
    assert lacks.startswith("The source connector Zendesk is not available in this headrace, which has CustomConnector")


def test_what_a_connector_declares_stands_for_what_appflow_says_of_its_type(settings: Settings) -> None:
    entries = [entry("Salesforce", f"{__name__}:RECORDS"), entry("Zendesk", f"{__name__}:WRITES_ONLY")]
    catalog = Registry.load(settings, entries=entries).catalog

    assert catalog["Salesforce"] == CATALOG["Salesforce"]
    assert not catalog["Zendesk"].is_source
    assert set(catalog) == set(CATALOG)
