"""What a plan says about sources and destinations of records."""

from __future__ import annotations

from headrace.engine.layout import Output
from headrace.flow.plan import plan
from headrace.flow.records import Reading, Writing
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

    assert found.output == Output(bucket="", casts=True)
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
