"""Buckets on a real S3 server, straight through the S3 connector's buckets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Condition, Event

import pytest

from headrace.connector_sdk.kept_rejects import Kept
from headrace.connector_sdk.objects import Bucket, Buckets
from headrace.connector_sdk.read_ahead import Progress
from headrace.connector_sdk.rejects_place import Mark, RejectsPlace
from headrace.engine.coming import whole
from headrace.errors import NotThere, Stop
from headrace.settings import Settings
from tests.standins.faulty import Fault, faulty_proxy
from tests.standins.objects import ServerObjects
from tests.standins.one_bucket import NAME, one_bucket
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server
from tests.unit.connector_sdk.planted import bodies, keys, staged

MIB = 1024 * 1024


@pytest.fixture(name="objects")
def one_empty_bucket(s3_server: S3Server) -> Iterator[ServerObjects]:
    with one_bucket(s3_server) as objects:
        yield objects


@pytest.fixture(name="name")
def name_of_bucket(objects: ServerObjects) -> str:
    return NAME


def buckets(
    server_url: str, tmp_path: Path, mapping: dict[str, str] | None = None, environment: dict[str, str] | None = None
) -> Buckets:
    given = {"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY} | (
        environment or {}
    )
    return Buckets(Settings(data=tmp_path, s3_endpoint=server_url, buckets=mapping or {}), given)


@pytest.fixture(name="bucket")
def open_bucket(s3_server: S3Server, name: str, tmp_path: Path) -> Bucket:
    return buckets(s3_server.url, tmp_path).open(name)


# --- listing and reading --------------------------------------------------------------------------


def test_prefixes_are_any_text_and_empty_objects_are_none(bucket: Bucket, name: str, objects: ServerObjects) -> None:
    for key in ("flow_source.csv", "flow/x.csv", "a/b/c.csv", "a/bc/d.csv", "a-b"):
        objects.put(name, key, b"1")
    objects.put(name, "flow/_SUCCESS", b"")
    objects.put(name, "empty/", b"")
    assert keys(bucket.list("")) == ["a-b", "a/b/c.csv", "a/bc/d.csv", "flow/x.csv", "flow_source.csv"]
    assert keys(bucket.list("flow")) == ["flow/x.csv", "flow_source.csv"]
    assert keys(bucket.list("flow/")) == ["flow/x.csv"]
    assert keys(bucket.list("a/b")) == ["a/b/c.csv", "a/bc/d.csv"]
    for nothing in ("/flow", "a//b", "../a", "empty", "empty/", "nothing/", "a\0"):
        assert bucket.list(nothing) == ()


def test_a_listing_of_many_pages_is_whole_and_many_small_objects_are_read_in_order(
    bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    wanted = [f"in/{number:05d}.csv" for number in range(1_001)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: objects.put(name, key, key.encode()), wanted))
    files = bucket.list("in/0")
    assert keys(files) == wanted
    assert bodies(bucket.fetch(files, tmp_path / "scratch")) == [key.encode() for key in wanted]


def test_the_beginning_of_an_object_is_read_alone(bucket: Bucket, name: str, objects: ServerObjects) -> None:
    objects.put(name, "a.csv", b"id,name\n1,Ana\n")
    (file,) = bucket.list("a")
    assert [bucket.head(file, size) for size in (2, 14, 1_000)] == [b"id", b"id,name\n1,Ana\n", b"id,name\n1,Ana\n"]
    assert bucket.head(replace(file, size_bytes=0), 10) == b""
    assert [bucket.part(file, at, 4) for at in (0, 3, 12, 14)] == [b"id,n", b"name", b"a\n", b""]


def test_objects_are_removed_and_those_that_are_gone_already(bucket: Bucket, name: str, objects: ServerObjects) -> None:
    for key in ("a/1", "a/2", "b"):
        objects.put(name, key, b"x")
    bucket.remove(["a/1", "a/1", "never/there"])
    assert keys(bucket.list("")) == ["a/2", "b"]


def test_rejects_lie_below_a_prefix_of_a_bucket(
    s3_server: S3Server, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    objects.put(name, "other", b"x")
    place = RejectsPlace(buckets(s3_server.url, tmp_path), f"s3://{name}/rejects")
    place.put(None, [staged(tmp_path / "staged", f"orders/e1/{part}.json", b"%d\n" % part) for part in (1, 2)])
    kept = Kept(place.url, None, "orders/e1/", 2, 2, 4, is_whole=True)
    assert [line for line, _ in place.lines(kept)] == [b"1", b"2"]
    assert [line for line, _ in place.lines(kept, Mark(1, 0))] == [b"2"]
    place.discard(kept)
    with pytest.raises(NotThere, match="0 of 2 files are there"):
        list(place.lines(kept))
    assert list(objects.read(name)) == ["other"]


def test_an_object_that_changed_since_it_was_listed_is_not_read(
    bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    objects.put(name, "a.csv", b"old")
    files = bucket.list("")
    objects.put(name, "a.csv", b"new")
    with pytest.raises(Stop, match=rf"s3://{name}/a\.csv has changed since the run began"):
        list(bucket.fetch(files, tmp_path))
    with pytest.raises(Stop, match="has changed"):
        bucket.head(files[0], 1)


def test_an_object_that_is_gone_since_it_was_listed_is_named(
    bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    objects.put(name, "a.csv", b"old")
    gone = [replace(file, key="b.csv", etag=None) for file in bucket.list("")]
    with pytest.raises(Stop, match=rf"s3://{name}/b\.csv does not exist: HTTP 404 NoSuchKey"):
        list(bucket.fetch(gone, tmp_path))


def test_a_full_scratch_disk_is_named(bucket: Bucket, name: str, objects: ServerObjects) -> None:
    objects.put(name, "a.csv", b"1")
    (file,) = bucket.list("")
    copy = bucket._copy  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
    with pytest.raises(Stop, match=r"a\.csv can't be copied to this machine: .*No space left on device"):
        copy(file, range(1), Path("/dev/full"), Progress(Event(), Condition()))


def test_what_is_told_of_an_object_while_it_comes_can_be_read(
    bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    objects.put(name, "a.csv", body := bytes(range(256)) * 8192 + b"a few")
    (file,) = bucket.list("")
    told: list[int] = []

    class Read(Progress):
        def tell(self, there_bytes: int) -> None:
            assert (tmp_path / "copy").read_bytes() == body[:there_bytes]
            told.append(there_bytes)

    copy = bucket._copy  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
    copy(file, range(len(body)), tmp_path / "copy", Read(Event(), Condition()))
    assert told == sorted(set(told))
    assert 0 < told[0] < told[-1] == len(body)


# --- publishing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["out/2022-11-10T12:34:56.json", "Field=a%2Fb/x", "sp ace/#?&+*'.csv", "é/李雷/😀", "n" * 250]
)
def test_a_published_file_has_the_very_same_key(
    bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path, key: str
) -> None:
    bucket.publish([staged(tmp_path / "staged", key, b"body")])
    assert objects.read(name) == {key: b"body"}
    files = bucket.list("")
    assert keys(files) == [key]
    assert bodies(bucket.fetch(files, tmp_path)) == [b"body"]
    bucket.remove([key, "not/there"])
    assert objects.read(name) == {}


@pytest.mark.parametrize("key", ["../x", "a/./b", "new\nline", ""])
def test_a_key_that_the_store_can_not_have_is_refused(bucket: Bucket, tmp_path: Path, key: str) -> None:
    with pytest.raises(Stop, match="can't be"):
        bucket.publish([staged(tmp_path / "staged", key, b"1")])
    assert bucket.list("") == ()


def test_empty_parts_of_a_key_fall_away_as_in_a_folder(bucket: Bucket, tmp_path: Path) -> None:
    bucket.publish([staged(tmp_path / "staged", "/out//x", b"1")])
    assert keys(bucket.list("")) == ["out/x"]


def test_publishing_twice_leaves_one_object(bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path) -> None:
    files = [staged(tmp_path / "staged", f"out/{number}", b"%d" % number) for number in range(20)]
    bucket.publish(files)
    bucket.publish(files)
    assert objects.read(name) == {f"out/{number}": b"%d" % number for number in sorted(range(20), key=str)}


def test_a_large_file_goes_up_in_parts_and_comes_back_whole(
    bucket: Bucket, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    body = bytes(range(256)) * (110 * MIB // 256) + b"end"
    bucket.publish([staged(tmp_path / "staged", "large", body)])
    (file,) = bucket.list("")
    assert file.size_bytes == len(body)
    (copy,) = map(whole, bucket.fetch([file], tmp_path / "scratch"))
    assert copy.path.read_bytes() == body


def test_nothing_of_a_large_file_shows_before_its_last_part_is_there(
    s3_server: S3Server, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    looks: list[list[str]] = []

    def look(method: str, path: str) -> Fault:
        if method == "POST" and "uploadId=" in path:
            looks.append(list(objects.read(name)))
        return "pass"

    with faulty_proxy(s3_server.url, look) as proxy:
        bucket = buckets(proxy.url, tmp_path).open(name)
        bucket.publish([staged(tmp_path / "staged", "large", b"x" * 20 * MIB)])
        assert sum("partNumber=" in request for request in proxy.requests) == 3
        assert looks == [[]]
        assert keys(bucket.list("")) == ["large"]


# --- where buckets lie, and who may --------------------------------------------------------------


def test_a_bucket_may_be_a_prefix_of_another(
    s3_server: S3Server, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    found = buckets(s3_server.url, tmp_path, {"raw": f"s3://{name}/sub/fol der", "*": f"s3://{name}/others"})
    objects.put(name, "in/a.csv", b"outside")
    objects.put(name, "sub/fol der2/in/a.csv", b"outside")
    found.open("raw").publish([staged(tmp_path / "staged", "in/a.csv", b"1")])
    found.open("any").publish([staged(tmp_path / "staged", "b.csv", b"2")])
    assert set(objects.read(name)) == {
        "in/a.csv",
        "others/any/b.csv",
        "sub/fol der/in/a.csv",
        "sub/fol der2/in/a.csv",
    }
    files = found.open("raw").list("i")
    assert [(file.name, file.key) for file in files] == [("s3://raw/in/a.csv", "in/a.csv")]
    assert bodies(found.open("raw").fetch(files, tmp_path)) == [b"1"]


def test_keys_come_from_the_shared_credentials_file(s3_server: S3Server, name: str, tmp_path: Path) -> None:
    shared = tmp_path / "credentials"
    shared.write_text(f"[work]\naws_access_key_id={ACCESS_KEY}\naws_secret_access_key={SECRET_KEY}\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(shared), "AWS_PROFILE": "work"}
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    bucket = buckets(s3_server.url, tmp_path, environment=files | none).open(name)
    bucket.publish([staged(tmp_path / "staged", "a", b"1")])
    assert keys(bucket.list("")) == ["a"]


def test_a_bucket_that_is_not_there_is_named(s3_server: S3Server, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="The bucket 'no-such-bucket' does not exist: HTTP 404 NoSuchBucket"):
        buckets(s3_server.url, tmp_path).open("no-such-bucket").list("")


@pytest.mark.parametrize(
    "given, code",
    [
        ({"AWS_SECRET_ACCESS_KEY": "another-secret-key"}, "SignatureDoesNotMatch"),
        ({"AWS_ACCESS_KEY_ID": "AKIDNOBODY"}, "InvalidAccessKeyId"),
    ],
)
def test_wrong_keys_are_refused_at_once_and_never_shown(
    s3_server: S3Server, name: str, tmp_path: Path, given: dict[str, str], code: str
) -> None:
    bucket = buckets(s3_server.url, tmp_path, environment=given).open(name)
    with pytest.raises(Stop, match=rf"Access to s3://{name}/in was refused: HTTP 403 {code}") as listed:
        bucket.list("in")
    with pytest.raises(Stop, match=rf"Access to s3://{name}/out was refused: HTTP 403 {code}") as published:
        bucket.publish([staged(tmp_path / "staged", "out", b"1")])
    for error in (listed.value, published.value):
        assert SECRET_KEY not in error.message
        assert "another-secret-key" not in error.message
