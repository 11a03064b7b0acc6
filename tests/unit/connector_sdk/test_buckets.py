from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.objects import Buckets
from headrace.connector_sdk.store_bucket import StoreBucket
from headrace.errors import SettingsError, Stop
from headrace.settings import Settings

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTESTS", "AWS_SECRET_ACCESS_KEY": "the-secret-key"}


def buckets(
    tmp_path: Path,
    endpoint: str | None = None,
    environment: dict[str, str] | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Buckets:
    settings = Settings(data=tmp_path, buckets=MappingProxyType(dict(mapping or {})), s3_endpoint=endpoint)
    return Buckets(settings, {"HOME": str(tmp_path)} | (KEYS if environment is None else environment))


def url_of(buckets: Buckets, name: str) -> str:
    """Where a bucket lies: its folder, or the client's bucket and prefix."""
    bucket = buckets.open(name)
    if isinstance(bucket, FolderBucket):
        return str(bucket.folder)
    assert isinstance(bucket, StoreBucket)
    return " ".join(str(bucket.reading).split())


def test_credentials_alone_never_divert_an_embedded_bucket(tmp_path: Path) -> None:
    environment = KEYS | {"AWS_REGION": "eu-west-1", "AWS_BUCKET": "other", "AWS_PROFILE": "none"}
    bucket = buckets(tmp_path, environment=environment).open("raw")
    assert bucket == FolderBucket("raw", tmp_path / "buckets" / "raw", makes_itself=True)


def test_an_s3_server_takes_every_bucket_that_is_not_mapped(tmp_path: Path) -> None:
    found = buckets(tmp_path, "http://127.0.0.1:1", mapping={"lake": "file:///data/lake"})
    assert url_of(found, "raw") == 'S3Store(bucket="raw")'
    assert found.open("lake") == FolderBucket("lake", Path("/data/lake"), makes_itself=False)


@pytest.mark.parametrize(
    "mapping, name, expected",
    [
        ({"raw": "s3://other"}, "raw", 'S3Store(bucket="other")'),
        ({"raw": "s3://other/pre/fix/"}, "raw", 'S3Store(bucket="other", prefix="pre/fix")'),
        ({"raw": "s3://"}, "raw", 'S3Store(bucket="raw")'),
        ({"*": "s3://"}, "raw", 'S3Store(bucket="raw")'),
        ({"*": "s3://other"}, "raw", 'S3Store(bucket="other", prefix="raw")'),
        ({"*": "s3://other/prefix/"}, "raw", 'S3Store(bucket="other", prefix="prefix/raw")'),
        ({"*": "s3://", "raw": "file:///lake"}, "raw", "/lake"),
        ({"*": "file:///lakes"}, "raw", "/lakes/raw"),
        ({"lake": "file:///a%20b/c#d"}, "lake", "/a b/c#d"),
        ({"lake": "gs://other/prefix"}, "lake", 'GCSStore(bucket="other", prefix="prefix")'),
        ({"*": "gs://"}, "raw", 'GCSStore(bucket="raw")'),
        ({"lake": "file:///lake"}, "raw", "DATA/buckets/raw"),
    ],
)
def test_a_bucket_lies_where_it_is_mapped(tmp_path: Path, mapping: dict[str, str], name: str, expected: str) -> None:
    assert url_of(buckets(tmp_path, mapping=mapping), name) == expected.replace("DATA", str(tmp_path))


def test_a_bucket_in_azure_needs_the_account(tmp_path: Path) -> None:
    with pytest.raises(
        Stop, match=r"Bucket 'lake' can't be opened at 'az://other/prefix': .*Account must be specified"
    ):
        buckets(tmp_path, mapping={"lake": "az://other/prefix"}).open("lake")


@pytest.mark.parametrize("url", ["ftp://x", "lake", "S3:/x", "http://x", "://", "C:\\lake"])
def test_a_url_of_another_kind_stops_the_start_and_says_what_is_allowed(tmp_path: Path, url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"Bucket 'raw' lies at .* allowed are URLs that begin with s3://, gs://, az://"
    ):
        buckets(tmp_path, mapping={"raw": url})


def test_a_file_url_needs_an_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="absolute path"):
        buckets(tmp_path, mapping={"raw": "file://lake"})


def test_credentials_in_a_url_are_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="with a user") as refused:
        buckets(tmp_path, mapping={"raw": "s3://AKID:the-secret-key@other"})
    assert "the-secret-key" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["..", ".", "...", "../up", "/etc", "a/b", "a\\b", "a b", "a\nb", "a?b", "a#b", "u@h", "a\0b"]
)
@pytest.mark.parametrize("mapping", [{}, {"*": "file:///lakes"}, {"*": "s3://"}, {"*": "s3://b/p"}])
def test_a_name_never_leads_out_of_where_buckets_lie(tmp_path: Path, mapping: dict[str, str], name: str) -> None:
    with pytest.raises(Stop, match="is no bucket's name"):
        buckets(tmp_path, mapping=mapping).open(name)


def test_a_bucket_is_opened_once_so_that_its_connections_are_used_again(tmp_path: Path) -> None:
    found = buckets(tmp_path, "http://127.0.0.1:1")
    assert found.open("raw") is found.open("raw")
    assert found.open("raw") is not found.open("other")


def test_a_profile_without_keys_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    found = buckets(tmp_path, "http://127.0.0.1:1", environment={"AWS_PROFILE": "work"})
    with pytest.raises(Stop, match=r"AWS_PROFILE='work': neither .* holds keys for it"):
        found.open("raw")


def test_a_file_of_certificates_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = buckets(tmp_path, "https://127.0.0.1:1", environment=KEYS | {"AWS_CA_BUNDLE": "/no/such.pem"})
    with pytest.raises(Stop, match=r"AWS_CA_BUNDLE='/no/such\.pem' can't be read: No such file"):
        found.open("raw")
