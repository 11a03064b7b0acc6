"""What the short verbs share: where the service is, who asks, and what a refusal ends as."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from headrace.cli.asking import api_of, url_option
from headrace.cli.calling import Api
from headrace.cli.main import RUN_FAILED
from headrace.cli.reaching import told
from headrace.errors import Stop

form_option = click.option(
    "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="To read, or JSON."
)


def service_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that say where the service is and who asks; the command gets them as its `api`."""

    @wraps(command)
    def asked(*arguments: Any, url: str | None, region: str | None, profile: str | None, **options: Any) -> int:
        try:
            return told(lambda: command(*arguments, api=api_of(url, region=region, profile=profile), **options))
        except Stop as error:
            click.echo(error.message, err=True)
            return RUN_FAILED

    region = click.option("--region", help="The region to sign for.  [AWS_REGION, AWS_DEFAULT_REGION]")
    profile = click.option("--profile", help="A profile of AWS's shared files (needs botocore).")
    return url_option(region(profile(asked)))


def trigger_of(api: Api, flow: str) -> str:
    """The type of the flow's trigger."""
    return api("DescribeFlow", {"flowName": flow})["triggerConfig"]["triggerType"]
