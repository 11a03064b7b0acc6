from __future__ import annotations

from pathlib import Path

from headrace.connector_sdk.objects import Buckets
from headrace.connectors.s3 import CONNECTOR, S3
from headrace.settings import Settings
from tests.unit.connector_sdk.planted import bodies, keys, plant, staged


def test_flows_properties_say_which_objects_are_meant(tmp_path: Path) -> None:
    plant(tmp_path / "buckets" / "raw", {"flow_source.csv": b"id\n1\n", "flow/x.csv": b"id\n2\n", "other.csv": b"id\n"})
    s3 = S3(Buckets(Settings(data=tmp_path), {}))
    properties = {"bucketName": "raw", "bucketPrefix": "flow"}
    files = s3.files(properties)
    assert keys(files) == ["flow/x.csv", "flow_source.csv"]
    assert bodies(s3.fetch(properties, files, tmp_path / "scratch")) == [b"id\n2\n", b"id\n1\n"]
    assert s3.head(properties, files[0], 2) == b"id"


def test_no_prefix_means_the_whole_bucket(tmp_path: Path) -> None:
    plant(tmp_path / "buckets" / "raw", {"a.csv": b"1", "b/c.csv": b"2"})
    s3 = S3(Buckets(Settings(data=tmp_path), {}))
    assert keys(s3.files({"bucketName": "raw"})) == keys(s3.files({"bucketName": "raw", "bucketPrefix": ""}))
    assert keys(s3.files({"bucketName": "raw"})) == ["a.csv", "b/c.csv"]


def test_a_destination_bucket_of_the_embedded_store_makes_itself(tmp_path: Path) -> None:
    s3 = S3(Buckets(Settings(data=tmp_path), {}))
    s3.publish({"bucketName": "lake", "bucketPrefix": "x"}, [staged(tmp_path / "staged", "x/flow/1", b"body")])
    assert (tmp_path / "buckets" / "lake" / "x/flow/1").read_bytes() == b"body"


def test_s3_is_both_source_and_destination() -> None:
    assert (CONNECTOR.connector_type, CONNECTOR.source, CONNECTOR.destination) == ("S3", S3, S3)
