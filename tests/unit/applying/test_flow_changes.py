"""A flow's document beside the flow: what differs, and which calls end that."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.applying.change import Action, Change
from headrace.applying.flow_changes import OWNER_TAG, flow_change
from tests.unit.applying.rig import ARN, DAILY, ON_DEMAND, described, document, flow

RENAMED = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {"EXCLUDE_SOURCE_FIELDS_LIST": "[]"}}


def calls(change: Change) -> list[str]:
    return [step.operation for step in change.steps]


def test_a_flow_that_is_not_there_is_created() -> None:
    change = flow_change(document(flow()), None, None)
    assert (change.action, calls(change), change.lines) == (Action.CREATE, ["CreateFlow"], ())
    assert change.steps[0].request == flow()


@pytest.mark.parametrize(
    "answer", [described(), described(tags={"team": "a"}), described(kmsArn="arn:aws:kms:us-east-1:1:key/another")]
)
def test_what_the_service_fills_in_by_itself_is_no_difference(answer: dict[str, Any]) -> None:
    change = flow_change(document(flow()), answer, None)
    assert (change.action, change.steps) == (Action.KEEP, ())


def test_what_a_flow_is_described_as_is_that_flow() -> None:
    for answer in (described(), described(triggerConfig=DAILY), described(description="d", tags={"a": "b"})):
        assert flow_change(document(answer), answer, None).action is Action.KEEP


def test_a_change_is_one_update_without_what_only_creation_may_say() -> None:
    change = flow_change(document(flow(tasks=[RENAMED], tags={"a": "b"}, description="d")), described(), None)
    assert (change.action, calls(change)) == (Action.UPDATE, ["UpdateFlow", "TagResource"])
    assert "tags" not in change.steps[0].request
    assert change.steps[1].request == {"resourceArn": ARN, "tags": {"a": "b"}}
    assert change.lines == (
        '+ tasks[0].taskProperties: {"EXCLUDE_SOURCE_FIELDS_LIST": "[]"}',
        '+ description: "d"',
        '+ tags.a: "b"',
    )


def test_a_description_that_is_gone_from_the_document_goes() -> None:
    change = flow_change(document(flow()), described(description="d"), None)
    assert (change.lines, calls(change)) == (('- description: "d"',), ["UpdateFlow"])


def test_tags_are_those_of_the_document_and_of_aws() -> None:
    answer = described(tags={"old": "1", "kept": "2", "aws:cloudformation:stack-name": "s", OWNER_TAG: "shop"})
    change = flow_change(document(flow(tags={"kept": "3"})), answer, None)
    assert change.lines == ('~ tags.kept: "2" → "3"', '- tags.old: "1"')
    assert [step.request for step in change.steps] == [
        {"resourceArn": ARN, "tags": {"kept": "3"}},
        {"resourceArn": ARN, "tagKeys": ["old"]},
    ]


def test_an_owner_is_a_tag_beside_the_others() -> None:
    assert flow_change(document(flow()), None, "shop").steps[0].request["tags"] == {OWNER_TAG: "shop"}
    answer = described(tags={"team": "a"})
    change = flow_change(document(flow()), answer, "shop")
    assert [step.request for step in change.steps] == [{"resourceArn": ARN, "tags": {OWNER_TAG: "shop"}}]
    owned = described(tags={"team": "a", OWNER_TAG: "shop"})
    assert flow_change(document(flow()), owned, "shop").action is Action.KEEP


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"sourceFlowConfig": described()["sourceFlowConfig"] | {"connectorType": "S3"}}, None),
        (
            {
                "sourceFlowConfig": {
                    "connectorType": "S3",
                    "sourceConnectorProperties": {"S3": {"bucketName": "other", "bucketPrefix": "orders"}},
                }
            },
            "Source object for the source connector can not be updated",
        ),
        ({"kmsArn": "arn:aws:kms:us-east-1:000000000000:key/2"}, "kmsArn can not be updated"),
        ({"kmsArn": "arn:aws:kms:us-east-1:000000000000:key/1"}, None),
        ({"kmsArn": "arn:aws:kms:us-east-1:000000000000:alias/flows"}, None),
    ],
)
def test_what_no_update_can_change_is_replaced(changes: dict[str, Any], reason: str | None) -> None:
    change = flow_change(document(flow(**changes)), described(tags={"team": "a"}), None)
    if reason is None:
        assert change.action is Action.KEEP
        return
    assert (change.action, calls(change)) == (Action.REPLACE, ["DeleteFlow", "CreateFlow"])
    assert change.reasons[0] == reason
    assert change.steps[1].request["tags"] == {"team": "a"}


@pytest.mark.parametrize(
    "status, wanted, call",
    [
        ("Draft", "Active", "StartFlow"),
        ("Suspended", "Active", "StartFlow"),
        ("Active", "Suspended", "StopFlow"),
        ("Active", "Draft", "StopFlow"),
        ("Active", "Active", None),
        ("Suspended", "Draft", None),
        ("Active", None, None),
        ("Draft", None, None),
    ],
)
def test_a_flow_runs_when_it_is_due_if_the_document_says_so(status: str, wanted: str | None, call: str | None) -> None:
    more = {} if wanted is None else {"flowStatus": wanted}
    change = flow_change(
        document(flow(triggerConfig=DAILY), **more), described(triggerConfig=DAILY) | {"flowStatus": status}, None
    )
    assert calls(change) == ([] if call is None else [call])
    assert change.action is (Action.KEEP if call is None else Action.UPDATE)


def test_a_new_flow_is_made_active_where_the_document_says_so() -> None:
    change = flow_change(document(flow(triggerConfig=DAILY), flowStatus="Active"), None, None)
    assert calls(change) == ["CreateFlow", "StartFlow"]
    assert "flowStatus" not in change.steps[0].request
    assert calls(flow_change(document(flow(), flowStatus="Active"), None, None)) == ["CreateFlow"]


def test_a_trigger_of_another_type_begins_anew() -> None:
    change = flow_change(document(flow(triggerConfig=DAILY), flowStatus="Active"), described(), None)
    assert calls(change) == ["UpdateFlow", "StartFlow"]
    active = described(triggerConfig=DAILY) | {"flowStatus": "Active"}
    assert calls(flow_change(document(flow(triggerConfig=ON_DEMAND)), active, None)) == ["UpdateFlow"]


def test_an_active_flow_is_active_again_once_it_was_replaced() -> None:
    active = described(triggerConfig=DAILY) | {"flowStatus": "Active"}
    moved = flow(
        triggerConfig=DAILY,
        sourceFlowConfig={"connectorType": "S3", "sourceConnectorProperties": {"S3": {"bucketName": "other"}}},
    )
    assert calls(flow_change(document(moved), active, None)) == ["DeleteFlow", "CreateFlow", "StartFlow"]
