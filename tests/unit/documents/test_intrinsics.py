"""CloudFormation's functions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from headrace.documents.document import Place
from headrace.documents.intrinsics import Functions
from headrace.documents.stack import Stack
from headrace.documents.tree import Mapped, plain, planted

TEMPLATE = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "x"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Number": {"Type": "Number", "Default": 5},
        "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/b"},
    },
    "Mappings": {"Stages": {"live": {"Bucket": "live-bucket"}}},
    "Conditions": {
        "Yes": {"Fn::Equals": [{"Ref": "Name"}, "x"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "No"}, {"Condition": "Yes"}]},
        "Loop": {"Fn::Not": [{"Condition": "Loop"}]},
        "Odd": {"Ref": "Name"},
    },
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "${Name}-bucket"}}},
        "Database": {"Type": "AWS::Glue::Database", "Properties": {"DatabaseInput": {"Name": "lake"}}},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
        "Profile": {"Type": "AWS::AppFlow::ConnectorProfile", "Properties": {"ConnectorProfileName": "sf"}},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Loop": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Loop"}}},
        "Times": {"Type": "Custom::FlowTimeUpdater", "Properties": {"Schedule": {"Fn::Sub": "rate(${Number}hours)"}}},
    },
}


def worked_out(value: Any, **values: str) -> tuple[Any, list[str]]:
    root = planted(TEMPLATE, 1)
    assert isinstance(root, Mapped)
    functions = Functions(Stack(root, values), Place("t"))
    found = functions.worked_out(planted(value, 3))
    return None if found is None else plain(found), [str(fault) for fault in functions.faults]


@pytest.mark.parametrize(
    "value, wanted",
    [
        ({"Ref": "Name"}, "x"),
        ({"Ref": "Names"}, ["a", "b", "c"]),
        ({"Ref": "Bucket"}, "x-bucket"),
        ({"Ref": "Database"}, "lake"),
        ({"Ref": "Profile"}, "sf"),
        ({"Ref": "Secret"}, "arn:aws:secretsmanager:us-east-1:000000000000:secret:Secret"),
        ({"Ref": "AWS::StackName"}, "headrace"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ([1, {"Ref": "AWS::NoValue"}, {"a": {"Ref": "AWS::NoValue"}, "b": 2}], [1, {"b": 2}]),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::x-bucket"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::x-bucket"),
        (
            {"Fn::GetAtt": ["Profile", "ConnectorProfileArn"]},
            "arn:aws:appflow:us-east-1:000000000000:connectorprofile/sf",
        ),
        ({"Fn::GetAtt": ["Times", "Schedule"]}, "rate(5hours)"),
        (
            {"Fn::Sub": "${Name} ${Bucket.Arn} ${!literal} ${AWS::Region}"},
            "x arn:aws:s3:::x-bucket ${literal} us-east-1",
        ),
        ({"Fn::Sub": ["${a}-${Name}", {"a": {"Ref": "Number"}}]}, "5-x"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 5, True]]}, "a-x-5-true"),
        ({"Fn::Join": ["", {"Ref": "Names"}]}, "abc"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::Select": ["0", [{"Ref": "Name"}]]}, "x"),
        ({"Fn::FindInMap": ["Stages", "live", "Bucket"]}, "live-bucket"),
        ({"Fn::If": ["Yes", {"Ref": "Name"}, "no"]}, "x"),
        ({"Fn::If": ["No", "yes", {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::Base64": {"Ref": "Name"}}, "eA=="),
        ({"Condition": "Yes"}, {"Condition": "Yes"}),
    ],
)
def test_a_function_is_worked_out(value: Any, wanted: Any) -> None:
    assert worked_out(value) == (wanted, [])


def test_what_the_template_leaves_open_can_be_given() -> None:
    given = {"Queue": "q", "Queue.Arn": "arn:q", "other-stack": "5", "Version": "7", "Bucket": "mine"}

    for value, wanted in (
        ({"Ref": "Queue"}, "q"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:q"),
        ({"Fn::ImportValue": "other-stack"}, "5"),
        ({"Ref": "Version"}, "7"),
        ({"Ref": "Bucket"}, "mine"),
    ):
        assert worked_out(value, **given) == (wanted, [])


@pytest.mark.parametrize(
    "value, told",
    [
        ({"Ref": "Nobody"}, "Ref of Nobody, which is neither a parameter nor a resource of the template"),
        ({"Ref": "Queue"}, "Ref of Queue, a AWS::SQS::Queue: give its value with --parameter Queue=VALUE"),
        ({"Ref": "Version"}, "parameter Version has no value; give it with --parameter Version=VALUE"),
        ({"Ref": "Loop"}, "the name of Loop refers to itself"),
        ({"Ref": ["Name"]}, "Ref takes a name"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "GetAtt Arn of Queue, AWS::SQS::Queue: give its value with --parameter"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "GetAtt Arn of Nobody, which is no resource of the template"),
        ({"Fn::GetAtt": ["Bucket", "DomainName"]}, "--parameter Bucket.DomainName=VALUE"),
        ({"Fn::GetAtt": ["Profile", "CredentialsArn"]}, "--parameter Profile.CredentialsArn=VALUE"),
        ({"Fn::Sub": "${Nobody}"}, "Ref of Nobody"),
        ({"Fn::Sub": ["a"]}, "Fn::Sub takes a list of 2"),
        ({"Fn::Join": ["-", "a"]}, "Fn::Join takes a list of values"),
        ({"Fn::Join": ["-", [{"a": 1}]]}, "a text is expected here"),
        ({"Fn::Select": [2, ["a", "b"]]}, "Fn::Select: no value 2 among 2, counted from 0"),
        ({"Fn::Split": ["", "a"]}, "a separator that is not empty"),
        ({"Fn::FindInMap": ["Stages", "test", "Bucket"]}, "finds no Stages.test.Bucket"),
        ({"Fn::FindInMap": ["Stages", "live"]}, "finds no Stages.live"),
        ({"Fn::If": ["Nobody", 1, 2]}, "condition Nobody is not in the template's Conditions"),
        ({"Fn::If": ["Loop", 1, 2]}, "condition Loop refers to itself"),
        ({"Fn::If": ["Odd", 1, 2]}, "a condition is one of"),
        ({"Fn::ImportValue": "other"}, "Fn::ImportValue of other, of another stack"),
        ({"Fn::Cidr": ["10.0.0.0/8", 1, 8]}, "Fn::Cidr is not worked out here, only Ref, GetAtt, Sub, Join"),
        ({"Fn::Transform": {}}, "Fn::Transform is not worked out here"),
    ],
)
def test_what_can_not_be_worked_out_is_named_with_its_line(value: Any, told: str) -> None:
    found, faults = worked_out({"a": value})

    assert found == {}
    assert len(faults) == 1
    assert re.match("t:(1|3): ", faults[0])
    assert told in faults[0]


def test_every_function_that_can_not_be_worked_out_is_told() -> None:
    _, faults = worked_out([{"Ref": "a"}, {"b": {"Fn::GetAZs": ""}}])

    assert len(faults) == 2
