"""One bucket of an S3 server, used by many tests one after another: SeaweedFS has room for few buckets only."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

import boto3

from tests.standins.objects import ServerObjects
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

NAME = "one-after-another"


@contextmanager
def one_bucket(server: S3Server) -> Generator[ServerObjects]:
    """The server with the empty bucket NAME, emptied again at the end."""
    client: Any = boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    with closing(client), closing(ServerObjects(server.url, ACCESS_KEY, SECRET_KEY)) as objects:
        if NAME not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=NAME)
        objects._made.add(NAME)
        try:
            yield objects
        finally:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=NAME):
                if found := [{"Key": item["Key"]} for item in page.get("Contents", ())]:
                    client.delete_objects(Bucket=NAME, Delete={"Objects": found})
