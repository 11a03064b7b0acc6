"""What a plan says about sources and destinations of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from headrace.connector_sdk.catalog import CATALOG
from headrace.engine.layout import Output
from headrace.flow.endpoints import DESTINATIONS_OF_RECORDS, SOURCES_OF_RECORDS, Members
from headrace.flow.plan import PlanFaults, plan
from headrace.flow.records import Reading, Writing
from headrace.model.api import SHAPES
from headrace.model.connector_names import member_name
from headrace.model.shapes import Structure
from headrace.operations.profile_kinds import has_profile
from tests.standins.application import from_records, to_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, flow


def test_a_source_of_records_is_read_as_json_lines() -> None:
    found = plan(flow(PROJECTION, MAP_ALL, source=from_records()))

    assert found.input == "json"
    assert found.reading == Reading(profile="crm", entity="order", settings={"view": "all"}, api_version="v1")
    assert found.writing is None


def test_a_destination_of_records_gets_json_with_casts() -> None:
    made = to_records(writeOperationType="UPDATE", idFieldNames=["id"], customProperties={"a": "b"})
    found = plan(flow(MAP_ALL, destination=made))

    assert found.output == Output(bucket="", casts=True, omits_lacking=True, keeps_source=True)
    assert found.writing == Writing("erp", "order", "UPDATE", ("id",), {"a": "b"}, "v2")
    assert found.reading is None


def test_a_destination_of_records_inserts_where_nothing_is_said() -> None:
    found = plan(flow(MAP_ALL, destination=to_records())).writing

    assert found is not None
    assert (found.operation, found.id_fields, found.settings) == ("INSERT", (), {})


def test_types_are_kept_in_parquet_only() -> None:
    asked = flow(MAP_ALL)
    s3 = asked["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]
    kept: list[bool] = []
    for file_type in ("JSON", "CSV", "PARQUET"):
        s3["s3OutputFormatConfig"] = {"fileType": file_type, "preserveSourceDataTyping": True}
        output = plan(asked).output
        assert output is not None
        kept.append(output.keeps_types)

    assert kept == [False, False, True]


def source(connector_type: str, **properties: Any) -> dict[str, Any]:
    return {
        "connectorType": connector_type,
        "connectorProfileName": "app",
        "sourceConnectorProperties": {connector_type: properties},
    }


@pytest.mark.parametrize(
    "connector_type, properties, settings",
    [
        ("Slack", {"object": "it"}, {}),
        (
            "Veeva",
            {"object": "it", "documentType": "contract", "includeSourceFiles": True, "includeAllVersions": False},
            {"documentType": "contract", "includeSourceFiles": "true", "includeAllVersions": "false"},
        ),
        (
            "SAPOData",
            {
                "objectPath": "it",
                "parallelismConfig": {"maxParallelism": 4},
                "paginationConfig": {"maxPageSize": 1000},
            },
            {"parallelismConfig.maxParallelism": "4", "paginationConfig.maxPageSize": "1000"},
        ),
    ],
)
def test_a_built_in_source_has_its_other_members_as_settings(
    connector_type: str, properties: dict[str, Any], settings: dict[str, str]
) -> None:
    found = plan(flow(MAP_ALL, source=source(connector_type, **properties)))

    assert found.input == "json"
    assert found.reading == Reading("app", "it", settings, None, connector_type)


def test_a_built_in_destination_is_written_as_its_properties_say() -> None:
    destination = {
        "connectorType": "SAPOData",
        "connectorProfileName": "app",
        "destinationConnectorProperties": {
            "SAPOData": {
                "objectPath": "/it",
                "writeOperationType": "UPDATE",
                "idFieldNames": ["id"],
                "errorHandlingConfig": {"bucketName": "bad"},
                "successResponseHandlingConfig": {"bucketName": "good"},
            }
        },
    }
    found = plan(flow(MAP_ALL, destination=destination))

    settings = {"successResponseHandlingConfig.bucketName": "good"}
    assert found.writing == Writing("app", "/it", "UPDATE", ("id",), settings, None, "SAPOData")
    assert found.errors.bucket == "bad"


def test_a_source_that_names_nothing_to_read_is_refused() -> None:
    with pytest.raises(PlanFaults, match="the SAPOData properties lack objectPath"):
        plan(flow(MAP_ALL, source=source("SAPOData")))


@pytest.mark.parametrize(
    "known, union",
    [
        (SOURCES_OF_RECORDS, "SourceConnectorProperties"),
        (DESTINATIONS_OF_RECORDS, "DestinationConnectorProperties"),
    ],
)
def test_every_connector_with_profiles_is_one_of_records_and_has_the_members(
    known: Mapping[str, Members], union: str
) -> None:
    shape = SHAPES[union]
    assert isinstance(shape, Structure)
    shapes = {each.name: each.shape for each in shape.members}
    own = {name: member_name(name, shapes) for name in CATALOG if has_profile(name)}
    assert set(known) == {name for name, member in own.items() if member is not None}
    for connector_type, members in known.items():
        properties = SHAPES[shapes[own[connector_type] or ""]]
        assert isinstance(properties, Structure)
        assert {members.entity, members.settings} - {None} <= {each.name for each in properties.members}
