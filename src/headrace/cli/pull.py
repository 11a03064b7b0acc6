"""`headrace pull`: the flows of an AWS account, as documents."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from headrace.cli.export import export, export_options
from headrace.cli.reaching import told
from headrace.client import Client, NoEndpoint


@click.command()
@export_options
@click.option("--profile", help="A profile of AWS's shared files (needs botocore).  [AWS_PROFILE, or the environment]")
@click.option("--region", help="The account's region.  [AWS_REGION, AWS_DEFAULT_REGION, the profile's]")
@click.option("--endpoint-url", metavar="URL", help="Another address of AppFlow's.  [AWS's for the region]")
def command(
    folder: str,
    *,
    flows: tuple[str, ...],
    form: str,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
) -> int:
    """Write the flows, connector profiles and custom connectors of an AWS account as documents.

    As headrace export does, but from AWS, wherever AWS_ENDPOINT_URL_APPFLOW leads. Nothing is changed there: the
    account needs appflow:List* and appflow:Describe* only.
    """

    def pull() -> int:
        here = _of_aws(os.environ)
        try:
            client = Client(endpoint_url=endpoint_url, region=region, profile=profile, environment=here)
        except NoEndpoint:
            raise click.UsageError("Which region? Give --region, or set AWS_REGION.") from None
        with client:
            return export(client, folder, flows, form)

    return told(pull)


def _of_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the addresses that lead to another service than AWS's."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_ENDPOINT_URL")}
