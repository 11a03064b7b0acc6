"""Flows as the constructs of cdklabs.cdk-appflow make them, synthesised into the folder that is given."""

# Run by tests/e2e/test_cdk.py with the Python that has the CDK, which these are not installed for.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false

import sys

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets
from cdklabs import cdk_appflow as appflow


def destination(lake):
    return appflow.S3Destination(
        location=appflow.S3Location(bucket=lake, prefix="out"),
        formatting=appflow.S3OutputFormatting(file_type=appflow.S3OutputFileType.JSON),
    )


def people(app):
    """Two flows between buckets, of which the CDK leaves one without a name."""
    stack = Stack(app, "People")
    raw, lake = s3.Bucket(stack, "Raw", bucket_name="raw"), s3.Bucket(stack, "Lake")
    source = appflow.S3Source(bucket=raw, prefix="in", format=appflow.S3InputFormat(type=appflow.S3InputFileType.CSV))
    everything = appflow.Mapping.map_all(exclude=["secret"])
    is_grace = appflow.FilterCondition.string_not_equals({"name": "name", "dataType": "string"}, "Grace")
    has_no_id = appflow.ValidationCondition.is_null("id")
    appflow.OnDemandFlow(
        stack,
        "OnDemand",
        name="people",
        source=source,
        destination=destination(lake),
        mappings=[everything],
        filters=[appflow.Filter.when(is_grace)],
        transforms=[appflow.Transform.mask({"name": "card"}, "*")],
        validations=[appflow.Validation.when(has_no_id, appflow.ValidationAction.ignore_record())],
    )
    appflow.OnScheduleFlow(
        stack,
        "Hourly",
        name="hourly",
        auto_activate=True,
        schedule=events.Schedule.rate(Duration.hours(1)),
        pull_config=appflow.DataPullConfig(mode=appflow.DataPullMode.COMPLETE),
        source=source,
        destination=destination(lake),
        mappings=[everything],
    )


def sales(app):
    """A profile whose secrets lie in Secrets Manager, and a flow from it."""
    stack = Stack(app, "Sales")
    login = secrets.Secret.from_secret_name_v2(stack, "Login", "salesforce")
    refreshing = appflow.SalesforceOAuthRefreshTokenGrantFlow(
        client=login, refresh_token=login.secret_value_from_json("refreshToken")
    )
    profile = appflow.SalesforceConnectorProfile(
        stack,
        "Profile",
        name="salesforce",
        instance_url="https://example.my.salesforce.com",
        o_auth=appflow.SalesforceOAuthSettings(
            access_token=login.secret_value_from_json("accessToken"),
            flow=appflow.SalesforceOAuthFlow(refresh_token_grant=refreshing),
        ),
    )
    appflow.OnDemandFlow(
        stack,
        "Accounts",
        name="accounts",
        source=appflow.SalesforceSource(profile=profile, object="Account", api_version="55.0"),
        destination=destination(s3.Bucket(stack, "Lake")),
        mappings=[appflow.Mapping.map({"name": "Id", "dataType": "id"}, name="id", data_type="string")],
    )


def synthesise(folder):
    app = App(outdir=folder, analytics_reporting=False)
    people(app)
    sales(app)
    app.synth()


synthesise(sys.argv[1])
