"""What an update may change, what it brings with it, and the defaults of a described flow."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from headrace.flow.defaults import with_defaults
from headrace.flow.plan import PlanFaults
from headrace.flow.update import bumps_schema_version, check_update, updated
from tests.unit.flow.documents import MAP_ALL, destination, document, mapped, projection, s3_destination, task

DESTINATION_MOVED = "Destination object for the destination connector can not be updated"
SOURCE_MOVED = "Source object for the source connector can not be updated"


def refusal(stored: dict[str, Any], request: dict[str, Any]) -> str:
    with pytest.raises(PlanFaults) as caught:
        check_update(stored, request)
    return caught.value.worded("Update")


def test_an_s3_destination_without_a_format_is_described_as_appflow_describes_it() -> None:
    found = with_defaults(document(MAP_ALL))["destinationFlowConfigList"][0]
    assert found["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"] == {
        "fileType": "JSON",
        "prefixConfig": {},
        "aggregationConfig": {"aggregationType": "None"},
    }


def test_what_is_given_keeps_its_place_before_what_is_filled_in() -> None:
    given = {"aggregationConfig": {"targetFileSize": 5}, "fileType": "CSV"}
    made = document(MAP_ALL, destination=s3_destination(s3OutputFormatConfig=given, bucketPrefix="x"))
    found = with_defaults(made)["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]
    assert list(found) == ["bucketName", "s3OutputFormatConfig", "bucketPrefix"]
    assert found["s3OutputFormatConfig"] == {
        "aggregationConfig": {"targetFileSize": 5, "aggregationType": "None"},
        "fileType": "CSV",
        "prefixConfig": {},
    }
    assert list(found["s3OutputFormatConfig"]) == ["aggregationConfig", "fileType", "prefixConfig"]


def test_a_salesforce_source_shows_its_switches_and_other_ends_stay_as_they_are() -> None:
    salesforce = destination("Salesforce", object="Account")
    made = document(MAP_ALL, source="Salesforce", destination=salesforce)
    before = copy.deepcopy(made)
    found = with_defaults(made)
    assert found["sourceFlowConfig"]["sourceConnectorProperties"]["Salesforce"] == {
        "object": "Account",
        "enableDynamicFieldUpdate": False,
        "includeDeletedRecords": False,
    }
    assert found["destinationFlowConfigList"] == [salesforce]
    assert made == before


def test_a_moved_destination_is_refused_in_the_words_of_appflow() -> None:
    stored = document(MAP_ALL)
    for moved in (s3_destination(bucketName="other"), s3_destination(bucketPrefix="other")):
        assert refusal(stored, document(MAP_ALL, destination=moved)) == (
            f"Update Flow request failed due to:[{DESTINATION_MOVED}]"
        )


def test_a_moved_source_is_refused_likewise_and_both_at_once() -> None:
    stored = document(MAP_ALL)
    assert refusal(stored, document(MAP_ALL, source="Slack")) == f"Update Flow request failed due to:[{SOURCE_MOVED}]"
    both = document(MAP_ALL, source="Slack", destination=s3_destination(bucketName="other"))
    assert refusal(stored, both) == f"Update Flow request failed due to:[{SOURCE_MOVED}, {DESTINATION_MOVED}]"


@pytest.mark.parametrize("name", ["object", "entityName", "objectPath"])
def test_another_object_is_refused(name: str) -> None:
    connector = {"object": "Salesforce", "entityName": "CustomConnector", "objectPath": "SAPOData"}[name]
    stored = document(MAP_ALL, destination=destination(connector, **{name: "a"}))
    assert DESTINATION_MOVED in refusal(stored, document(MAP_ALL, destination=destination(connector, **{name: "b"})))


def test_a_profile_a_format_or_a_write_operation_may_change() -> None:
    stored = document(MAP_ALL, destination=destination("Salesforce", object="Account"))
    write = destination("Salesforce", "other", object="Account", writeOperationType="UPSERT", idFieldNames=["x"])
    check_update(stored, document(mapped("a"), destination=write))
    check_update(
        document(MAP_ALL),
        document(MAP_ALL, destination=s3_destination(bucketPrefix="", s3OutputFormatConfig={"fileType": "CSV"})),
    )
    redshift = [
        destination("Redshift", object="t", intermediateBucketName="b", bucketPrefix=prefix) for prefix in ("a", "b")
    ]
    check_update(document(MAP_ALL, destination=redshift[0]), document(MAP_ALL, destination=redshift[1]))


def test_an_update_replaces_what_it_can_say_and_keeps_the_rest() -> None:
    stored = {**document(MAP_ALL), "description": "old", "kmsArn": "arn:aws:kms:x", "tags": {"a": "b"}}
    request = {**document(mapped("a")), "metadataCatalogConfig": {}, "clientToken": "t", "tags": {}}
    found = updated(stored, request)
    assert found == {
        **document(mapped("a")),
        "kmsArn": "arn:aws:kms:x",
        "tags": {"a": "b"},
        "metadataCatalogConfig": {},
    }
    assert list(found)[-3:] == ["kmsArn", "tags", "metadataCatalogConfig"]


@pytest.mark.parametrize(
    "after",
    [
        document(MAP_ALL, mapped("a", "c")),
        document(MAP_ALL, mapped("a", "b", DESTINATION_DATA_TYPE="integer")),
        document(MAP_ALL, mapped("a", "b"), task("Partition", ["b"])),
        document(mapped("a", "b")),
        document(task("Map_all", EXCLUDE_SOURCE_FIELDS_LIST='["x"]'), mapped("a", "b")),
        document(
            MAP_ALL,
            mapped("a", "b"),
            destination=s3_destination(s3OutputFormatConfig={"prefixConfig": {"prefixType": "PATH"}}),
        ),
        document(
            MAP_ALL,
            mapped("a", "b"),
            destination=s3_destination(s3OutputFormatConfig={"preserveSourceDataTyping": True}),
        ),
    ],
)
def test_mappings_types_and_partitions_make_a_new_schema(after: dict[str, Any]) -> None:
    assert bumps_schema_version(document(MAP_ALL, mapped("a", "b")), after)


@pytest.mark.parametrize(
    "after",
    [
        document(mapped("a", "b"), MAP_ALL),
        document(MAP_ALL, mapped("a", "b"), projection("a")),
        document(MAP_ALL, mapped("a", "b"), task("Mask", ["a"], operator="MASK_ALL")),
        document(task("Map_all", [""], EXCLUDE_SOURCE_FIELDS_LIST="[]"), task("Map", ["a"], to="b")),
        with_defaults(document(MAP_ALL, mapped("a", "b"))),
        document(MAP_ALL, mapped("a", "b"), trigger={"triggerType": "Event"}),
        document(MAP_ALL, mapped("a", "b"), destination=s3_destination(s3OutputFormatConfig={"fileType": "CSV"})),
    ],
)
def test_order_defaults_filters_and_triggers_make_none(after: dict[str, Any]) -> None:
    assert not bumps_schema_version(document(MAP_ALL, mapped("a", "b")), after)


def test_a_projection_is_the_mapping_of_a_flow_that_has_no_other() -> None:
    assert bumps_schema_version(document(projection("a", "b")), document(projection("a")))
    assert not bumps_schema_version(document(projection("a", "b")), document(projection("b", "a")))


def test_a_format_that_is_given_without_a_type_is_described_without_one() -> None:
    made = document(MAP_ALL, destination=s3_destination(s3OutputFormatConfig={"prefixConfig": {"prefixType": "PATH"}}))

    found = with_defaults(made)["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]

    assert found["s3OutputFormatConfig"] == {
        "prefixConfig": {"prefixType": "PATH"},
        "aggregationConfig": {"aggregationType": "None"},
    }
