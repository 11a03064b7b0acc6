"""Constraint violations in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import ValidationException
from headrace.model.check import MOST_VIOLATIONS, check, violations, worded
from headrace.model.constraints import SHOWN_CHARACTERS

NAME_PATTERN = r"[a-zA-Z0-9][\w!@#.-]+"
PREFIX = r"failed to satisfy constraint: "


def task(**changed: Any) -> dict[str, Any]:
    return {"sourceFields": ["a"], "taskType": "Map", "destinationField": "a", **changed}


def flow(**changed: Any) -> dict[str, Any]:
    return {
        "flowName": "one",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {
                "S3": {"bucketName": "abc", "s3InputFormatConfig": {"s3InputFileType": "CSV"}}
            },
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "abc"}}}
        ],
        "tasks": [task()],
        **changed,
    }


def test_a_right_document_has_no_violations() -> None:
    assert violations("CreateFlow", flow()) == ()
    check("CreateFlow", flow())


def test_one_violation_is_worded_as_aws_words_it() -> None:
    with pytest.raises(ValidationException) as caught:
        check("StartFlow", {"flowName": "a b"})
    assert caught.value.message == (
        f"1 validation error detected: Value 'a b' at 'flowName' {PREFIX}"
        f"Member must satisfy regular expression pattern: {NAME_PATTERN}"
    )


def test_all_violations_are_told_at_once_with_their_places() -> None:
    document = flow(tasks=[task(), {"taskType": "Mapp"}])
    del document["flowName"]
    assert worded(violations("CreateFlow", document)) == (
        f"3 validation errors detected: Value null at 'flowName' {PREFIX}Member must not be null; "
        f"Value null at 'tasks.2.member.sourceFields' {PREFIX}Member must not be null; "
        f"Value 'Mapp' at 'tasks.2.member.taskType' {PREFIX}Member must satisfy enum value set: "
        "[Arithmetic, Filter, Map, Map_all, Mask, Merge, Passthrough, Truncate, Validate, Partition]"
    )


@pytest.mark.parametrize(
    "member, value, sentences",
    [
        ("flowName", "x" * 257, ["Member must have length less than or equal to 256"]),
        ("clientToken", "", ["Member must have length greater than or equal to 1", "pattern: [ -~]+"]),
        ("description", "é", [r"pattern: [\w!@#\-.?,\s]*"]),
    ],
)
def test_lengths_and_patterns_are_separate_violations(member: str, value: str, sentences: list[str]) -> None:
    found = violations("CreateFlow", flow(**{member: value}))
    assert len(found) == len(sentences)
    for violation, sentence in zip(found, sentences, strict=True):
        assert violation.startswith(f"Value '{value}' at '{member}' {PREFIX}")
        assert violation.endswith(sentence)


def test_numbers_are_bounded_on_both_sides() -> None:
    low = violations("ListFlows", {"maxResults": 0})
    high = violations("ListFlows", {"maxResults": 101})
    assert low == (f"Value '0' at 'maxResults' {PREFIX}Member must have value greater than or equal to 1",)
    assert high == (f"Value '101' at 'maxResults' {PREFIX}Member must have value less than or equal to 100",)


def test_a_list_that_is_too_long_is_shown_whole() -> None:
    ids = ["0f1e2d3c"] * 101
    (found,) = violations("CancelFlowExecutions", {"flowName": "one", "executionIds": ids})
    assert found.startswith("Value '[0f1e2d3c, 0f1e2d3c, ")
    assert found.endswith("Member must have length less than or equal to 100")


def test_faults_within_a_list_of_text_are_one_violation_of_the_list() -> None:
    (found,) = violations("CancelFlowExecutions", {"flowName": "one", "executionIds": ["a", "b c", "d e"]})
    assert found == (
        f"Value '[a, b c, d e]' at 'executionIds' {PREFIX}Member must satisfy constraint: "
        r"[Member must have length less than or equal to 256, Member must satisfy regular expression pattern: \S+]"
    )


def test_faults_in_map_keys_and_values_are_told_apart() -> None:
    keys, values = violations(
        "TagResource", {"resourceArn": "arn:aws:appflow:a:1:flow/x", "tags": {"aws:k": "v" * 257}}
    )
    assert "Map keys must satisfy constraint: [Member must have length less than or equal to 128, " in keys
    assert "Map value must satisfy constraint: [Member must have length less than or equal to 256, " in values


def test_an_empty_task_property_is_a_violation() -> None:
    (found,) = violations("CreateFlow", flow(tasks=[task(taskProperties={"VALUE": ""})]))
    assert "'tasks.1.member.taskProperties'" in found
    assert found.endswith("Member must satisfy regular expression pattern: .+]")


def test_patterns_take_the_whole_text_in_ascii() -> None:
    assert violations("StartFlow", {"flowName": "abc\n"})
    assert violations("StartFlow", {"flowName": "aü"})
    assert not violations("StartFlow", {"flowName": "a!"})


def test_the_java_pattern_of_glue_names_knows_characters_beyond_the_basic_plane() -> None:
    def catalog(name: str) -> tuple[str, ...]:
        glue = {"roleArn": "arn:aws:iam::1:role/x", "databaseName": name, "tablePrefix": "t"}
        return violations("CreateFlow", flow(metadataCatalogConfig={"glueDataCatalog": glue}))

    assert catalog("données \U0001f600") == ()
    assert len(catalog("a\nb")) == 1


def test_a_secret_is_never_shown() -> None:
    secrets = {"apiKey": {"apiKey": "s3 cret", "apiSecretKey": "x" * 300}}
    custom = {
        "authenticationType": "CUSTOM",
        "custom": {"customAuthenticationType": "x", "credentialsMap": {"p w": "q r"}},
    }
    credentials = {"CustomConnector": {"authenticationType": "APIKEY", **secrets, **custom}}
    found = violations(
        "CreateConnectorProfile",
        {
            "connectorProfileName": "p",
            "connectorType": "CustomConnector",
            "connectionMode": "Public",
            "connectorProfileConfig": {"connectorProfileProperties": {}, "connectorProfileCredentials": credentials},
        },
    )
    text = worded(found)
    assert len(found) == 4
    assert "Value at 'connectorProfileConfig.connectorProfileCredentials.CustomConnector.apiKey.apiKey' failed" in text
    assert not [secret for secret in ("s3 cret", "xxx", "p w", "q r") if secret in text]


def test_parquet_sources_are_headraces_own() -> None:
    document = flow()
    document["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["s3InputFormatConfig"]["s3InputFileType"] = (
        "PARQUET"
    )
    assert violations("CreateFlow", document) == ()
    (found,) = violations("CreateFlow", document, limits="aws")
    assert found.endswith("Member must satisfy enum value set: [CSV, JSON]")


def test_a_long_value_is_cut() -> None:
    (found,) = violations("DescribeConnectors", {"nextToken": "x y" * 2000})[1:]
    assert f"{('x y' * 2000)[:SHOWN_CHARACTERS]}…' at" in found


def test_the_walk_ends_after_so_many_violations() -> None:
    assert len(violations("CreateFlow", flow(tasks=[{}] * 10_000))) == MOST_VIOLATIONS


def test_a_text_full_of_colons_costs_no_quadratic_time() -> None:
    arn = "arn:aws:" + ":" * 200_000
    length, pattern = violations("ARN", arn)  # type: ignore[arg-type]
    assert length.endswith("less than or equal to 512")
    assert pattern.endswith("arn:aws:.*:.*:[0-9]+:.*")


def test_members_that_the_model_does_not_know_are_passed_over() -> None:
    assert violations("StartFlow", {"flowName": "one", "later": 1}) == ()
