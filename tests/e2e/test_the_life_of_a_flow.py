"""Create, describe, start, wait, records, update, delete: with every client, on every kind of bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.e2e.life import Place, as_update, read_output, records_of, run, settled, steady
from tests.standins.callers import Caller, Refused
from tests.standins.service import ServiceProcess

MakeCaller = Callable[[ServiceProcess], Caller]

CSV = 'id,name,amount,note\n1,Zoë,10.50,"a ""quoted"", word"\n2,李雷,-3,"two\nlines"\n3,,7,\n4,Ana,0,plain\n'


def _document(name: str, bucket: str) -> dict[str, Any]:
    def task(kind: str, operator: str, fields: list[str], to: str | None = None, **properties: str) -> dict[str, Any]:
        made: dict[str, Any] = {"taskType": kind, "connectorOperator": {"S3": operator}, "sourceFields": fields}
        made |= {"destinationField": to} if to else {}
        return made | {"taskProperties": properties}

    return {
        "flowName": name,
        "description": "people with an amount",
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": bucket, "bucketPrefix": "in/"}},
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {
                    "S3": {
                        "bucketName": bucket,
                        "bucketPrefix": "out",
                        "s3OutputFormatConfig": {"fileType": "JSON", "prefixConfig": {}},
                    }
                },
            }
        ],
        "tasks": [
            task("Filter", "PROJECTION", ["id", "name", "amount", "note"]),
            task("Filter", "NOT_EQUAL_TO", ["amount"], DATA_TYPE="decimal", VALUE="0"),
            task("Map", "NO_OP", ["id"], "key", SOURCE_DATA_TYPE="string", DESTINATION_DATA_TYPE="string"),
            task("Map", "NO_OP", ["name"], "name"),
            task("Map", "NO_OP", ["note"], "note"),
        ],
        "tags": {"team": "data + more"},
    }


def test_a_flow_is_created_run_updated_with_what_describe_answers_and_deleted(
    place: Place, caller_of: MakeCaller, tmp_path: Path
) -> None:
    caller, name, bucket = caller_of(place.service), f"life-{uuid4().hex[:8]}", f"life-{uuid4().hex[:8]}"
    place.objects.put(bucket, "in/people.csv", CSV.encode())

    created = caller.call("CreateFlow", _document(name, bucket))
    assert created == {"flowArn": f"arn:aws:appflow:us-east-1:000000000000:flow/{name}", "flowStatus": "Active"}
    described = caller.call("DescribeFlow", {"flowName": name})
    assert described["tags"] == {"team": "data + more"}
    assert described["tasks"] == _document(name, bucket)["tasks"]
    assert "lastRunExecutionDetails" not in described

    started = caller.call("StartFlow", {"flowName": name})
    assert started["flowStatus"] == "Active"
    assert UUID(started["executionId"])
    assert [each["executionId"] for each in records_of(caller, name)] == [started["executionId"]]
    ran = settled(caller, name, started["executionId"])
    assert (ran["executionStatus"], ran["executionResult"]["recordsProcessed"]) == ("Successful", 4)
    output = read_output(place.objects, bucket, f"out/{name}/", tmp_path)
    assert output == [
        {"key": "1", "name": "Zoë", "note": 'a "quoted", word'},
        {"key": "2", "name": "李雷", "note": "two\nlines"},
        {"key": "3", "name": None, "note": None},
    ]

    before = caller.call("DescribeFlow", {"flowName": name})
    assert before["lastRunExecutionDetails"]["mostRecentExecutionStatus"] == "Successful"
    assert caller.call("UpdateFlow", as_update(before)) == {"flowStatus": "Active"}
    after = caller.call("DescribeFlow", {"flowName": name})
    assert steady(after) == steady(before)
    assert run(caller, name)["executionStatus"] == "Successful"
    assert len(records_of(caller, name)) == 2

    assert caller.call("DeleteFlow", {"flowName": name}) == {}
    with pytest.raises(Refused, match=f"Flow {name} not found") as refused:
        caller.call("DescribeFlow", {"flowName": name})
    assert refused.value.code == "ResourceNotFoundException"


def test_tags_are_put_listed_and_taken_off(embedded: Place, caller_of: MakeCaller) -> None:
    caller, name, bucket = caller_of(embedded.service), f"tagged-{uuid4().hex[:8]}", f"tags-{uuid4().hex[:8]}"
    embedded.objects.put(bucket, "in/people.csv", CSV.encode())
    arn = caller.call("CreateFlow", _document(name, bucket))["flowArn"]
    caller.call("TagResource", {"resourceArn": arn, "tags": {"cost-centre": "42 a", "a/b:c=d": ""}})
    caller.call("UntagResource", {"resourceArn": arn, "tagKeys": ["team", "cost-centre"]})
    assert caller.call("ListTagsForResource", {"resourceArn": arn}) == {"tags": {"a/b:c=d": ""}}
    assert caller.call("DescribeFlow", {"flowName": name})["tags"] == {"a/b:c=d": ""}


def test_faults_of_a_request_come_in_awss_words_all_at_once(embedded: Place, caller_of: MakeCaller) -> None:
    caller = caller_of(embedded.service)
    with pytest.raises(Refused) as refused:
        caller.call("StartFlow", {"flowName": "no such name"})
    assert refused.value.code == "ValidationException"
    assert refused.value.message == (
        "1 validation error detected: Value 'no such name' at 'flowName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [a-zA-Z0-9][\w!@#.-]+"
    )
    with pytest.raises(Refused) as missing:
        caller.call("StartFlow", {"flowName": "no-such-flow"})
    assert (missing.value.code, missing.value.message) == ("ResourceNotFoundException", "Flow no-such-flow not found.")
