"""Templates of CloudFormation, as AWS documents the resource types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.documents import BadDocument, Document, FlowState, Kind, read

TEMPLATE = """
Parameters:
  Bucket: {Type: String, Default: raw}
  Prefix: {Type: String}
  Stage: {Type: String, Default: test, AllowedValues: [test, live]}
  Token: {Type: String, NoEcho: true}
Conditions:
  IsLive: !Equals [!Ref Stage, live]
Resources:
  Lake:
    Type: AWS::S3::Bucket
  Profile:
    Type: AWS::AppFlow::ConnectorProfile
    Properties:
      ConnectorProfileName: !Sub 'salesforce-${Stage}'
      ConnectorType: Salesforce
      ConnectionMode: Public
      KMSArn: !Sub arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/x
      ConnectorProfileConfig:
        ConnectorProfileCredentials:
          Salesforce:
            AccessToken: !Ref Token
            ConnectorOAuthRequest: {RedirectUri: 'https://x'}
        ConnectorProfileProperties:
          Salesforce: {InstanceUrl: 'https://x', isSandboxEnvironment: 'true'}
  Flow:
    Type: AWS::AppFlow::Flow
    Properties:
      FlowName: orders
      FlowStatus: Active
      Description: !If [IsLive, live, !Ref AWS::NoValue]
      TriggerConfig:
        TriggerType: Scheduled
        TriggerProperties:
          ScheduleExpression: rate(1hours)
          TimeZone: Europe/Berlin
          ScheduleStartTime: '1700000000'
          FlowErrorDeactivationThreshold: '5'
      SourceFlowConfig:
        ConnectorType: SAPOData
        ConnectorProfileName: !Ref Profile
        ApiVersion: 51.0
        SourceConnectorProperties:
          SAPOData: {ObjectPath: /x, parallelismConfig: {maxParallelism: 2}, paginationConfig: {maxPageSize: 10}}
      DestinationFlowConfigList:
        - ConnectorType: S3
          DestinationConnectorProperties:
            S3: {BucketName: !Ref Lake, BucketPrefix: !Join ['/', [!Ref Bucket, !Ref Prefix]]}
        - ConnectorType: EventBridge
          DestinationConnectorProperties:
            EventBridge: {Object: x, ErrorHandlingConfig: {FailOnFirstError: 'false', BucketName: !Ref Bucket}}
      Tasks:
        - TaskType: Truncate
          SourceFields: [a]
          ConnectorOperator: {SAPOData: NO_OP}
          TaskProperties:
            - {Key: TRUNCATE_LENGTH, Value: 5}
            - {Key: SOURCE_DATA_TYPE, Value: string}
      Tags:
        - {Key: stage, Value: !Ref Stage}
  Connector:
    Type: AWS::AppFlow::Connector
    Properties:
      ConnectorProvisioningType: LAMBDA
      ConnectorProvisioningConfig: {Lambda: {LambdaArn: !GetAtt Function.Arn}}
  Function: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: notes}}
  Never:
    Type: AWS::AppFlow::Flow
    Condition: IsLive
    Properties: {FlowName: never}
"""

PROFILE: dict[str, Any] = {
    "connectorProfileName": "salesforce-test",
    "connectorType": "Salesforce",
    "connectionMode": "Public",
    "kmsArn": "arn:aws:kms:us-east-1:000000000000:key/x",
    "connectorProfileConfig": {
        "connectorProfileCredentials": {
            "Salesforce": {"accessToken": "${Token}", "oAuthRequest": {"redirectUri": "https://x"}}
        },
        "connectorProfileProperties": {"Salesforce": {"instanceUrl": "https://x", "isSandboxEnvironment": True}},
    },
}
FLOW: dict[str, Any] = {
    "flowName": "orders",
    "triggerConfig": {
        "triggerType": "Scheduled",
        "triggerProperties": {
            "Scheduled": {
                "scheduleExpression": "rate(1hours)",
                "timezone": "Europe/Berlin",
                "scheduleStartTime": 1700000000,
                "flowErrorDeactivationThreshold": 5,
            }
        },
    },
    "sourceFlowConfig": {
        "connectorType": "SAPOData",
        "connectorProfileName": "salesforce-test",
        "apiVersion": "51.0",
        "sourceConnectorProperties": {
            "SAPOData": {
                "objectPath": "/x",
                "parallelismConfig": {"maxParallelism": 2},
                "paginationConfig": {"maxPageSize": 10},
            }
        },
    },
    "destinationFlowConfigList": [
        {
            "connectorType": "S3",
            "destinationConnectorProperties": {"S3": {"bucketName": "lake", "bucketPrefix": "raw/in"}},
        },
        {
            "connectorType": "EventBridge",
            "destinationConnectorProperties": {
                "EventBridge": {
                    "object": "x",
                    "errorHandlingConfig": {"failOnFirstDestinationError": False, "bucketName": "raw"},
                }
            },
        },
    ],
    "tasks": [
        {
            "taskType": "Truncate",
            "sourceFields": ["a"],
            "connectorOperator": {"SAPOData": "NO_OP"},
            "taskProperties": {"TRUNCATE_LENGTH": "5", "SOURCE_DATA_TYPE": "string"},
        }
    ],
    "tags": {"stage": "test"},
}


def documents(text: str, **values: str) -> tuple[Document, ...]:
    return read("t.yaml", text.encode(), values)


def faults(text: str, **values: str) -> str:
    with pytest.raises(BadDocument) as caught:
        documents(text, **values)
    return "\n".join(caught.value.faults)


def test_a_template_is_read_with_its_irregular_names() -> None:
    profile, flow, connector = documents(TEMPLATE, Prefix="in")

    assert (profile.kind, profile.name, profile.missing) == (Kind.PROFILE, "salesforce-test", ("Token",))
    assert profile.request == PROFILE
    assert (flow.kind, flow.name, flow.state) == (Kind.FLOW, "orders", FlowState.ACTIVE)
    assert flow.request == FLOW
    assert connector.request == {
        "connectorLabel": "Connector",
        "connectorProvisioningType": "LAMBDA",
        "connectorProvisioningConfig": {
            "lambda": {"lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:notes"}
        },
    }


def test_parameters_are_what_they_are_given_as() -> None:
    given = {
        "Prefix": "in",
        "Stage": "live",
        "Token": "secret",
        "Lake": "real-bucket",
        "AWS::Region": "cn-north-1",
        "AWS::AccountId": "111111111111",
    }
    found = {each.name: each for each in documents(TEMPLATE, **given)}

    assert found["orders"].request["description"] == "live"
    assert found["never"].place.resource == "Never"
    profile = found["salesforce-live"]
    credentials = profile.request["connectorProfileConfig"]["connectorProfileCredentials"]["Salesforce"]
    assert (credentials["accessToken"], profile.missing) == ("secret", ())
    assert profile.request["kmsArn"] == "arn:aws-cn:kms:cn-north-1:111111111111:key/x"
    (s3, _) = found["orders"].request["destinationFlowConfigList"]
    assert s3["destinationConnectorProperties"]["S3"]["bucketName"] == "real-bucket"


def test_a_parameter_that_is_missing_or_not_allowed_is_told_where_it_is_used() -> None:
    line = next(n for n, text in enumerate(TEMPLATE.splitlines(), 1) if "!Ref Prefix" in text)

    told = faults(TEMPLATE, Stage="prod")

    assert f"t.yaml:{line}: Flow: parameter Prefix has no value; give it with --parameter Prefix=VALUE" in told
    assert "parameter Stage is 'prod'; allowed are test, live" in told


def test_a_parameter_that_is_wrong_is_told_of_once_however_often_it_is_used() -> None:
    often = TEMPLATE + '  More: {Type: "AWS::AppFlow::Connector", Properties: {A: !Ref Stage, B: !Sub "${Stage}"}}\n'
    assert faults(often, Stage="prod").count("parameter Stage is") == 1


def test_a_secret_that_is_not_allowed_is_not_shown() -> None:
    template = TEMPLATE.replace("NoEcho: true", "NoEcho: true, AllowedValues: [a, b]")

    told = faults(template, Prefix="in", Token="open sesame")

    assert "parameter Token is a value that is not allowed; allowed are a, b" in told
    assert "open sesame" not in told


def flow(**changes: Any) -> str:
    properties = {"FlowName": "ab"} | changes
    return json.dumps({"Resources": {"F": {"Type": "AWS::AppFlow::Flow", "Properties": properties}}}, indent=1)


def test_a_property_that_is_unknown_is_told_with_its_line_and_the_one_that_was_meant() -> None:
    assert faults(flow(Taks=[])) == ("t.yaml:7: F: Taks is no member of CloudFormation's; did you mean Tasks?")


def test_names_of_properties_may_have_the_case_of_the_api() -> None:
    (document,) = documents(flow(description="x", kmsArn="arn"))

    assert document.request == {"flowName": "ab", "description": "x", "kmsArn": "arn"}


def test_tasks_properties_may_be_a_map_too() -> None:
    (document,) = documents(flow(Tasks=[{"TaskProperties": {"VALUE": "x"}}]))

    assert document.request["tasks"] == [{"taskProperties": {"VALUE": "x"}}]


def test_pairs_that_are_none_are_told() -> None:
    assert "tags is names with values, not a list" in faults(flow(Tags=[{"key": "a"}]))


def test_a_profile_without_properties_gets_those_that_the_api_wants() -> None:
    properties = {
        "ConnectorProfileName": "ab",
        "ConnectorType": "Googleanalytics",
        "ConnectionMode": "Public",
        "ConnectorProfileConfig": {"ConnectorProfileCredentials": {}},
    }
    text = json.dumps({"Resources": {"P": {"Type": "AWS::AppFlow::ConnectorProfile", "Properties": properties}}})

    (document,) = documents(text)

    assert document.request["connectorProfileConfig"] == {
        "connectorProfileCredentials": {},
        "connectorProfileProperties": {"GoogleAnalytics": {}},
    }


def test_a_flow_without_a_name_is_told() -> None:
    text = json.dumps({"Resources": {"F": {"Type": "AWS::AppFlow::Flow"}}})

    assert faults(text) == "t.yaml:1: F: flowName is missing: give the flow a name"


def test_a_loop_over_resources_is_told() -> None:
    assert "Fn::ForEach is not worked out here" in faults('{"Resources": {"Fn::ForEach::X": []}}')


def test_dynamic_references_are_put_in_their_place_or_missing() -> None:
    text = flow(Description="x {{resolve:ssm:/a/b}} y")

    (open_,) = documents(text)
    (settled,) = read("t", text.encode(), {"ssm:/a/b": "5"})

    assert (open_.request["description"], open_.missing) == ("x {{resolve:ssm:/a/b}} y", ("ssm:/a/b",))
    assert (settled.request["description"], settled.missing) == ("x 5 y", ())


def test_a_template_without_flows_has_none() -> None:
    assert documents('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}') == ()


def test_a_key_that_stands_twice_is_a_fault() -> None:
    pair = "{Key: team, Value: a}"
    resource = f"  F: {{Type: AWS::AppFlow::Flow, Properties: {{FlowName: orders, Tags: [{pair}, {pair}]}}}}"
    assert "t.yaml:2: F: Key team is there a second time; leave one of them" in faults(f"Resources:\n{resource}\n")


@pytest.mark.parametrize("use", ["!Ref B", "!GetAtt B.Arn", "!Sub '${B}-x'"])
def test_what_refers_to_a_resource_that_is_not_made_is_a_fault(use: str) -> None:
    text = f"""
Parameters: {{Stage: {{Type: String}}}}
Conditions: {{IsTest: !Equals [!Ref Stage, test]}}
Resources:
  B: {{Type: "AWS::S3::Bucket", Condition: IsTest}}
  C:
    Type: AWS::AppFlow::Connector
    Properties: {{Description: !If [IsTest, {use}, none], ConnectorLabel: {use}}}
"""
    assert "t.yaml:8: C: B is not made, as its condition IsTest is false" in faults(text, Stage="live")
    assert "is not made" not in faults(text + "  D: {Type: AWS::AppFlow::Flow}", Stage="test")
