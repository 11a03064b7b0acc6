"""Sources, destinations and triggers of a plan, and what is wrong with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.engine.layout import Output
from headrace.flow.plan import Endpoint, ErrorHandling, PlanFaults, plan
from headrace.flow.schedule import Rate, Schedule, Trigger
from tests.unit.flow.documents import (
    MAP_ALL,
    destination,
    document,
    s3_destination,
    scheduled,
    source_config,
)
from tests.unit.flow.test_plan_filters import faults_of

PUBLISHED = sorted((Path(__file__).parents[2] / "data" / "flows").glob("*.json"))
REFUSED = "tf-issue-34482-map-without-projection"


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_every_published_document_plans_but_the_one_that_appflow_refuses(path: Path) -> None:
    made = json.loads(path.read_text())
    if path.stem != REFUSED:
        assert plan(made).flow_name == made["flowName"]
        return
    with pytest.raises(PlanFaults) as caught:
        plan(made)
    assert caught.value.worded() == (
        "Create Flow request failed: [Task Validation Error: You must specify a projection task or a MAP_ALL task]"
    )


def test_the_published_documents_are_there() -> None:
    assert REFUSED in {path.stem for path in PUBLISHED}
    assert len(PUBLISHED) > 20


def test_updateflow_begins_its_refusal_in_its_own_way() -> None:
    faults = PlanFaults(["one", "two"])
    assert faults.worded("Update") == "Update Flow request failed due to:[one, two]"
    assert faults.worded() == "Create Flow request failed: [one, two]"
    assert str(faults) == "one, two"


def test_an_s3_to_s3_flow_has_everything_the_engine_needs() -> None:
    made = document(
        MAP_ALL,
        destination=s3_destination(
            bucketPrefix="out/",
            s3OutputFormatConfig={
                "fileType": "PARQUET",
                "prefixConfig": {
                    "prefixType": "PATH_AND_FILENAME",
                    "prefixFormat": "DAY",
                    "pathPrefixHierarchy": ["EXECUTION_ID"],
                },
                "aggregationConfig": {"aggregationType": "SingleFile", "targetFileSize": 128},
                "preserveSourceDataTyping": True,
            },
        ),
    )
    found = plan(made)
    assert found.source == Endpoint("S3", {"bucketName": "raw", "bucketPrefix": "in"})
    assert found.input == "csv"
    assert found.output == Output(
        bucket="lake",
        prefix="out/",
        file_type="PARQUET",
        prefix_type="PATH_AND_FILENAME",
        prefix_format="DAY",
        hierarchy=("EXECUTION_ID",),
        is_single_file=True,
        target_file_bytes=128 * 1024 * 1024,
        keeps_types=True,
    )
    assert found.errors == ErrorHandling()
    assert found.trigger == Trigger("OnDemand")


@pytest.mark.parametrize("asked, file_type", [("CSV_GZIP", "CSV"), ("JSON_GZIP", "JSON")])
def test_text_files_can_be_asked_for_packed(asked: str, file_type: str) -> None:
    made = s3_destination(s3OutputFormatConfig={"fileType": asked})
    output = plan(document(MAP_ALL, destination=made)).output
    assert output is not None
    assert (output.file_type, output.is_packed) == (file_type, True)


def test_an_s3_destination_without_a_format_has_defaults() -> None:
    assert plan(document(MAP_ALL)).output == Output(bucket="lake")


def test_a_hierarchy_without_entries_is_not_the_same_as_none() -> None:
    made = s3_destination(s3OutputFormatConfig={"prefixConfig": {"pathPrefixHierarchy": []}})
    output = plan(document(MAP_ALL, destination=made)).output
    assert output is not None
    assert output.hierarchy == ()


@pytest.mark.parametrize("size, expected", [(0, None), (1, 1024 * 1024)])
def test_a_target_file_size_of_zero_means_none(size: int, expected: int | None) -> None:
    made = s3_destination(s3OutputFormatConfig={"aggregationConfig": {"targetFileSize": size}})
    output = plan(document(MAP_ALL, destination=made)).output
    assert output is not None
    assert output.target_file_bytes == expected


def test_a_negative_target_file_size_is_refused() -> None:
    made = s3_destination(s3OutputFormatConfig={"aggregationConfig": {"targetFileSize": -1}})
    (fault,) = faults_of(document(MAP_ALL, destination=made))
    assert fault == "Destination Validation Error: targetFileSize is -1; write a size in MB, or leave it out"


@pytest.mark.parametrize("written, expected", [("CSV", "csv"), ("JSON", "json"), ("PARQUET", "parquet")])
def test_s3_sources_say_their_format(written: str, expected: str) -> None:
    made = document(MAP_ALL)
    made["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["s3InputFormatConfig"] = {"s3InputFileType": written}
    assert plan(made).input == expected


def test_other_connectors_are_planned_too() -> None:
    salesforce = destination(
        "Salesforce",
        object="Account",
        writeOperationType="UPSERT",
        idFieldNames=["Key__c"],
        errorHandlingConfig={"failOnFirstDestinationError": True, "bucketName": "bad", "bucketPrefix": "e/"},
    )
    found = plan(document(MAP_ALL, source="Servicenow", destination=salesforce))
    assert (found.input, found.output) == ("json", Output(bucket="", casts=True, omits_lacking=True, keeps_source=True))
    assert found.source.properties == {"object": "Account"}
    assert found.destinations[0].profile == "profile"
    assert found.errors == ErrorHandling(fail_on_first=True, bucket="bad", prefix="e/")


def test_a_profile_on_an_s3_destination_is_ignored() -> None:
    made = {**s3_destination(), "connectorProfileName": "test", "apiVersion": "v51.0"}
    assert plan(document(MAP_ALL, destination=made)).output == Output(bucket="lake")


def test_a_flow_has_exactly_one_destination() -> None:
    made = document(MAP_ALL)
    for configs in ([], made["destinationFlowConfigList"] * 2):
        (fault,) = faults_of({**made, "destinationFlowConfigList": configs})
        assert fault == (
            f"Destination Validation Error: destinationFlowConfigList has {len(configs)} destinations; "
            "write exactly one"
        )


@pytest.mark.parametrize(
    "union, has",
    [
        ({}, "is empty"),
        ({"Slack": {"object": "x"}}, "has Slack"),
        ({"S3": {"bucketName": "raw"}, "Slack": {"object": "x"}}, "has S3, Slack"),
    ],
)
def test_the_properties_of_the_connector_are_set_alone(union: dict[str, Any], has: str) -> None:
    made = document(MAP_ALL)
    made["sourceFlowConfig"]["sourceConnectorProperties"] = union
    (fault,) = faults_of(made)
    assert fault == (
        f"Source Validation Error: connectorType is S3, but sourceConnectorProperties {has}; "
        "write the S3 properties alone"
    )


def test_a_connector_is_refused_on_the_side_it_can_not_take() -> None:
    made = document(MAP_ALL, destination=destination("Veeva", object="x"))
    made["sourceFlowConfig"] = {
        "connectorType": "Redshift",
        "connectorProfileName": "p",
        "sourceConnectorProperties": {},
    }
    source, target = faults_of(made)
    assert source.startswith(
        "Source Validation Error: Redshift can't be a source; write Salesforce, Singular, Slack, S3"
    )
    assert target.startswith("Destination Validation Error: Veeva can't be a destination; write Salesforce, Redshift")


def test_a_connector_that_needs_a_profile_is_refused_without() -> None:
    made = document(MAP_ALL, destination=destination("Snowflake", None, object="t", intermediateBucketName="b"))
    made["sourceFlowConfig"] = {k: v for k, v in source_config("Slack").items() if k != "connectorProfileName"}
    source, target = faults_of(made)
    assert source.startswith("Source Validation Error: Slack needs a connectorProfileName")
    assert target.startswith("Destination Validation Error: Snowflake needs a connectorProfileName")


@pytest.mark.parametrize("source", ["CustomConnector", "S3", "Salesforce"])
def test_some_sources_have_events(source: str) -> None:
    event = {"triggerType": "Event"}
    assert plan(document(MAP_ALL, source=source, trigger=event)).trigger == Trigger("Event")


def test_a_source_without_events_is_refused_with_those_that_have_some() -> None:
    (fault,) = faults_of(document(MAP_ALL, source="Zendesk", trigger={"triggerType": "Event"}))
    assert "triggerType Event is not supported for Zendesk sources; write OnDemand or Scheduled" in fault
    assert fault.endswith("or a source of CustomConnector, S3 or Salesforce")


@pytest.mark.parametrize("given, threshold", [(None, None), (3, 3)])
def test_events_take_the_threshold_of_the_schedule_that_the_api_has(given: int | None, threshold: int | None) -> None:
    scheduled = {"scheduleExpression": "rate(5minutes)"} | ({"flowErrorDeactivationThreshold": given} if given else {})
    event = {"triggerType": "Event", "triggerProperties": {"Scheduled": scheduled}}
    assert plan(document(MAP_ALL, trigger=event)).trigger == Trigger("Event", failure_threshold=threshold)


def test_a_threshold_of_events_out_of_range_is_refused() -> None:
    scheduled = {"scheduleExpression": "rate(5minutes)", "flowErrorDeactivationThreshold": 101}
    event = {"triggerType": "Event", "triggerProperties": {"Scheduled": scheduled}}
    (fault,) = faults_of(document(MAP_ALL, trigger=event))
    assert "flowErrorDeactivationThreshold is 101; write a number from 1 to 100" in fault


@pytest.mark.parametrize(
    "connector, properties, needed",
    [("EventBridge", {"object": "aws.partner/appflow/x"}, "Event"), ("LookoutMetrics", {}, "Scheduled")],
)
def test_some_destinations_need_a_trigger_type(connector: str, properties: dict[str, Any], needed: str) -> None:
    made = destination(connector, None, **properties)
    (fault,) = faults_of(document(MAP_ALL, source="Salesforce", destination=made))
    assert f"triggerType is OnDemand, but {connector} destinations need {needed}" in fault
    trigger = scheduled("rate(1days)") if needed == "Scheduled" else {"triggerType": needed}
    assert plan(document(MAP_ALL, source="Salesforce", destination=made, trigger=trigger)).output is None


@pytest.mark.parametrize("operation", ["UPDATE", "UPSERT", "DELETE"])
@pytest.mark.parametrize("given", [{}, {"idFieldNames": []}])
def test_a_write_that_finds_records_needs_their_id_fields(operation: str, given: dict[str, Any]) -> None:
    made = destination("Salesforce", object="Account", writeOperationType=operation, **given)
    (fault,) = faults_of(document(MAP_ALL, destination=made))
    assert f"writeOperationType {operation} needs idFieldNames" in fault


@pytest.mark.parametrize(
    "connector, properties, operation",
    [("Zendesk", {"object": "users"}, "DELETE"), ("SAPOData", {"objectPath": "/x"}, "DELETE")],
)
def test_a_write_that_the_destination_lacks_is_refused(
    connector: str, properties: dict[str, Any], operation: str
) -> None:
    made = destination(connector, writeOperationType=operation, idFieldNames=["id"], **properties)
    (fault,) = faults_of(document(MAP_ALL, destination=made))
    assert f"writeOperationType {operation} is not supported for {connector} destinations; write INSERT" in fault


def test_an_upsolver_bucket_has_its_prefix() -> None:
    config = {"prefixConfig": {}}
    made = destination("Upsolver", None, bucketName="my-own-very-long-bucket", s3OutputFormatConfig=config)
    (fault,) = faults_of(document(MAP_ALL, destination=made))
    assert "write one whose name starts with upsolver-appflow" in fault


def test_a_scheduled_trigger_is_read_whole() -> None:
    made = scheduled(
        "rate(3hours)",
        dataPullMode="Incremental",
        scheduleStartTime=1893456000.25,
        scheduleEndTime=1893542400.75,
        timezone="Europe/Berlin",
        scheduleOffset=60,
        firstExecutionFrom=1735689600,
        flowErrorDeactivationThreshold=3,
    )
    assert plan(document(MAP_ALL, trigger=made)).trigger == Trigger(
        "Scheduled",
        expression="rate(3hours)",
        schedule=Schedule(
            Rate(3, "hour"),
            start=datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC),
            end=datetime(2030, 1, 2, tzinfo=UTC),
        ),
        pull_mode="Incremental",
        offset_s=60,
        first_execution_from=datetime(2025, 1, 1, tzinfo=UTC),
        timezone="Europe/Berlin",
        failure_threshold=3,
    )


@pytest.mark.parametrize(
    "expression, properties, part",
    [
        ("every day", {}, "the schedule expression 'every day' is not one; write rate(5minutes), cron("),
        ("rate(0minutes)", {}, "is faster than one run a minute"),
        ("rate(1days)", {"scheduleOffset": 36_001}, "scheduleOffset is 36001; write a number from 0 to 36000"),
        ("rate(1days)", {"scheduleOffset": -1}, "scheduleOffset is -1"),
        ("rate(1days)", {"flowErrorDeactivationThreshold": 0}, "flowErrorDeactivationThreshold is 0"),
        ("rate(1days)", {"flowErrorDeactivationThreshold": 101}, "write a number from 1 to 100"),
        ("rate(1days)", {"scheduleStartTime": 2, "scheduleEndTime": 1}, "is before scheduleStartTime"),
        ("rate(1days)", {"scheduleStartTime": 1893456000000}, "write seconds (not milliseconds)"),
        ("rate(1days)", {"scheduleEndTime": float("nan")}, "scheduleEndTime is 'nan'"),
        ("rate(1days)", {"firstExecutionFrom": -1e300}, "firstExecutionFrom is '-1e+300'"),
        ("at(2030-01-01T00:00:00)", {"scheduleEndTime": 1}, "lies outside scheduleStartTime and scheduleEndTime"),
    ],
)
def test_a_trigger_that_is_wrong_is_refused_with_what_to_write(
    expression: str, properties: dict[str, Any], part: str
) -> None:
    (fault,) = faults_of(document(MAP_ALL, trigger=scheduled(expression, **properties)))
    assert fault.startswith("Trigger Validation Error: ")
    assert part in fault


def test_a_scheduled_flow_needs_its_schedule_and_no_other_flow_reads_one() -> None:
    (fault,) = faults_of(document(MAP_ALL, trigger={"triggerType": "Scheduled", "triggerProperties": {}}))
    assert "triggerType Scheduled needs triggerProperties.Scheduled" in fault
    ignored = {**scheduled("nonsense"), "triggerType": "OnDemand"}
    assert plan(document(MAP_ALL, trigger=ignored)).trigger == Trigger("OnDemand")


@pytest.mark.parametrize("prefix", ["..", "../up", "a/../b", "a/.", "./a", "a\0b"])
def test_a_prefix_that_no_object_can_have_is_refused_before_any_run(prefix: str) -> None:
    (of_output,) = faults_of(document(MAP_ALL, destination=s3_destination(bucketPrefix=prefix)))
    errors = {"bucketName": "errors", "bucketPrefix": prefix}
    (of_rejects,) = faults_of(document(MAP_ALL, destination=s3_destination(errorHandlingConfig=errors)))
    assert of_output == of_rejects
    assert of_output.startswith("Destination Validation Error: the bucketPrefix '")


@pytest.mark.parametrize("prefix", ["", "/", "a//b/", "..a/b..", "...", ".hidden/x"])
def test_a_prefix_with_dots_in_its_names_is_accepted(prefix: str) -> None:
    made = plan(document(MAP_ALL, destination=s3_destination(bucketPrefix=prefix)))
    assert made.output is not None
    assert made.output.prefix == prefix
