"""Where buckets and the database lie, in words."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.settings import Settings
from headrace.store.opening import place_of


def bucket_places(settings: Settings) -> Iterator[str]:
    """One line for each mapped bucket, and one for all the others."""
    for name, url in settings.buckets.items():
        if name != "*":
            yield f"bucket {name}: {url}"
    others = "every other bucket" if settings.buckets.keys() - {"*"} else "every bucket"
    yield f"{others}: {_others(settings)}"


def database_place(settings: Settings) -> Iterator[str]:
    """A line for the database that nodes share, if they do."""
    if settings.database_url is not None:
        yield f"flows and runs lie in {place_of(settings.database_url)}"


def _others(settings: Settings) -> str:
    url = settings.buckets.get("*")
    if url == "s3://" and settings.s3_endpoint is None:
        return "Amazon S3"
    if url is not None and url != "s3://":
        return f"{url.rstrip('/')}/<bucket>"
    if settings.s3_endpoint is not None:
        return f"the S3 server {settings.s3_endpoint}"
    folder = f"a folder, {settings.data}/buckets/<bucket>"
    return folder if settings.database_url is None else f"{folder}; other nodes see only what is mounted for them"
