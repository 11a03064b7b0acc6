"""S3 servers that can't be reached, answer 500, fall silent or break off: an error in words, in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle
from pathlib import Path
from socket import socket
from threading import Thread

import pytest

from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.objects import Bucket, Buckets
from headrace.connector_sdk.stores import Patience
from headrace.errors import ConnectorError, Retry, Stop
from headrace.settings import Settings
from tests.standins.faulty import Fault, FaultyProxy, faulty_proxy
from tests.standins.objects import ServerObjects
from tests.standins.one_bucket import NAME, one_bucket
from tests.standins.processes import PATIENCE_S
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server
from tests.unit.connector_sdk.planted import bodies, keys, staged

MIB = 1024 * 1024
STEADY = Patience(connect_s=PATIENCE_S, silence_s=PATIENCE_S, part_s=PATIENCE_S, retries=2, together_s=15)
# For servers that are meant to be silent.
SHORT = Patience(connect_s=0.2, silence_s=0.2, part_s=0.2, retries=2, together_s=3)
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def opened(
    url: str, tmp_path: Path, name: str, environment: dict[str, str] | None = None, patience: Patience = STEADY
) -> Bucket:
    settings = Settings(data=tmp_path, s3_endpoint=url)
    known = {"HOME": str(tmp_path)} | (KEYS if environment is None else environment)
    return Buckets(settings, known, patience).open(name)


@pytest.fixture(name="objects")
def one_empty_bucket(s3_server: S3Server) -> Iterator[ServerObjects]:
    with one_bucket(s3_server) as objects:
        yield objects


@pytest.fixture(name="name")
def name_of_bucket(objects: ServerObjects) -> str:
    objects.put(NAME, "a.csv", b"01234567" * (MIB // 2))
    return NAME


@pytest.fixture(name="proxy")
def proxy_before_server(s3_server: S3Server) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_server.url) as proxy:
        yield proxy


def test_through_the_proxy_all_is_well_until_it_is_told_to_fail(proxy: FaultyProxy, name: str, tmp_path: Path) -> None:
    bucket = opened(proxy.url, tmp_path, name)
    files = bucket.list("")
    assert bodies(bucket.fetch(files, tmp_path)) == [b"01234567" * (MIB // 2)]
    bucket.publish([staged(tmp_path / "staged", "b", b"x" * 20 * MIB)])
    assert keys(bucket.list("")) == ["a.csv", "b"]


@pytest.mark.parametrize(
    "fault, patience, said",
    [
        ("error", STEADY, "HTTP 500 Internal Server Error, tried 3 times"),
        ("busy", STEADY, "HTTP 503 SlowDown, Please reduce your request rate, tried 3 times"),
        ("silence", SHORT, "no answer in time"),
    ],
)
def test_a_server_that_fails_is_tried_again_for_a_while(
    proxy: FaultyProxy, name: str, tmp_path: Path, fault: Fault, patience: Patience, said: str
) -> None:
    files = opened(proxy.url, tmp_path, name).list("")
    bucket = opened(proxy.url, tmp_path, name, patience=patience)
    proxy.rule = lambda _method, _path: fault
    proxy.requests.clear()
    errors: list[ConnectorError] = []
    for call in (
        lambda: bucket.list(""),
        lambda: bucket.head(files[0], 10),
        lambda: list(bucket.fetch(files, tmp_path / "scratch")),
        lambda: bucket.publish([staged(tmp_path / "staged", "b", b"1")]),
        lambda: bucket.publish([staged(tmp_path / "staged", "c", b"1" * 20 * MIB)]),
    ):
        with pytest.raises(Retry, match=said) as failed:
            call()
        errors.append(failed.value)
    # Five calls, each three times.
    assert len(proxy.requests) <= 15
    assert all(SECRET_KEY not in error.message for error in errors)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_one_failure_is_overcome_without_a_word(proxy: FaultyProxy, name: str, tmp_path: Path) -> None:
    failures: list[Fault] = ["error", "silence"]
    proxy.rule = lambda _method, _path: failures.pop() if failures else "pass"
    bucket = opened(proxy.url, tmp_path, name, patience=replace(STEADY, silence_s=2, part_s=2))
    assert keys(bucket.list("")) == ["a.csv"]
    assert failures == []


def test_a_listing_that_breaks_off_is_never_taken_for_whole(proxy: FaultyProxy, name: str, tmp_path: Path) -> None:
    proxy.rule = lambda _method, _path: "cut"
    with pytest.raises(Retry, match=f"The store of s3://{name}/ failed: Error getting list response body"):
        opened(proxy.url, tmp_path, name).list("")


def test_an_answer_that_breaks_off_is_read_on_or_tried_again(proxy: FaultyProxy, name: str, tmp_path: Path) -> None:
    bucket = opened(proxy.url, tmp_path, name)
    files = bucket.list("")
    cuts: list[Fault] = ["cut"]
    proxy.rule = lambda _method, _path: cuts.pop() if cuts else "pass"
    assert bodies(bucket.fetch(files, tmp_path / "once")) == [b"01234567" * (MIB // 2)]
    assert cuts == []
    proxy.rule = lambda _method, _path: "cut"
    with pytest.raises(Retry):
        list(bucket.fetch(files, tmp_path / "scratch"))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_many_objects_and_a_large_one_come_and_go_exactly_though_one_request_in_twenty_fails(
    proxy: FaultyProxy, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    number_of, met = count(1), set[Fault]()
    faults: Iterator[Fault] = cycle(("error", "busy", "cut"))

    def rule(_method: str, _path: str) -> Fault:
        # Not by luck: now and then that would be the same request three times.
        if next(number_of) % 20:
            return "pass"
        met.add(fault := next(faults))
        return fault

    large = b"".join(b"%08d" % number for number in range(3 * MIB))
    contents = {f"in/{number:03}": b"%d" % number * 1000 for number in range(100)} | {"in/large": large}
    bucket = opened(proxy.url, tmp_path, name)
    proxy.rule = rule
    bucket.publish([staged(tmp_path / "staged", key, content) for key, content in contents.items()])
    files = bucket.list("in/")
    assert keys(files) == [*contents]
    assert bodies(bucket.fetch(files, tmp_path / "scratch")) == [*contents.values()]
    assert met == {"error", "busy", "cut"}
    assert objects.read(name, "in/") == contents


def test_what_fails_while_it_goes_up_never_shows_and_leaves_no_parts(
    proxy: FaultyProxy, name: str, objects: ServerObjects, tmp_path: Path
) -> None:
    bucket = opened(proxy.url, tmp_path, name)
    proxy.rule = lambda _method, path: "error" if "partNumber=3" in path else "pass"
    file = staged(tmp_path / "staged", "large", b"x" * 20 * MIB)
    with pytest.raises(Retry, match=f"The store of s3://{name}/large failed: HTTP 500"):
        bucket.publish([file])
    assert list(objects.read(name)) == ["a.csv"]
    assert any(request.startswith("DELETE /") and "uploadId=" in request for request in proxy.requests)
    proxy.rule = lambda _method, _path: "pass"
    bucket.publish([file])
    assert list(objects.read(name)) == ["a.csv", "large"]


def test_after_one_file_failed_no_more_are_sent(proxy: FaultyProxy, name: str, tmp_path: Path) -> None:
    bucket = opened(proxy.url, tmp_path, name)
    proxy.rule = lambda method, _path: "error" if method == "PUT" else "pass"
    with pytest.raises(Retry):
        bucket.publish([staged(tmp_path / "staged", f"{number:03d}", b"1") for number in range(100)])
    assert sum(request.startswith("PUT") for request in proxy.requests) < 40


@pytest.mark.parametrize(
    "url, said",
    [
        ("http://127.0.0.1:{port}", "Connection refused; tried 3 times in .* at http://127.0.0.1:"),
        ("http://no-such-host.invalid", "failed to lookup address information.*; tried 3 times"),
    ],
)
def test_a_server_that_is_not_there_is_tried_a_few_times(tmp_path: Path, url: str, said: str) -> None:
    with socket() as deaf:
        # Taken, so that nobody comes to listen there.
        deaf.bind(("127.0.0.1", 0))
        bucket = opened(url.format(port=deaf.getsockname()[1]), tmp_path, "raw")
        with pytest.raises(Retry, match=rf"The store of s3://raw/in failed: {said}") as failed:
            bucket.list("in")
    assert SECRET_KEY not in failed.value.message


def test_a_server_that_speaks_no_tls_is_told_from_one_that_is_down(s3_server: S3Server, tmp_path: Path) -> None:
    with pytest.raises(Retry, match=r"does not speak TLS \(is its URL http:// rather than https://\?\)"):
        opened(s3_server.url.replace("http:", "https:"), tmp_path, "raw").list("")


class _Careless(BaseHTTPRequestHandler):
    """Answers whatever is asked with the same object, without a look at conditions."""

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in (("ETag", '"new"'), ("Content-Length", "3"), ("Last-Modified", formatdate(usegmt=True))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"new")

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.mark.parametrize(
    "etag, kind, said",
    [('"old"', Stop, "has changed since the run began"), (None, Retry, "broke off after 3 of 10 bytes")],
)
def test_a_server_that_ignores_conditions_passes_no_other_object_off_as_the_listed_one(
    tmp_path: Path, etag: str | None, kind: type[ConnectorError], said: str
) -> None:
    listed = SourceFile("s3://raw/a.csv", "a.csv", 10, etag, 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Careless) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        bucket = opened(f"http://127.0.0.1:{server.server_address[1]}", tmp_path, "raw")
        try:
            with pytest.raises(kind, match=said):
                list(bucket.fetch([listed], tmp_path / "scratch"))
        finally:
            server.shutdown()


def test_missing_credentials_are_told_in_words_and_soon(s3_server: S3Server, tmp_path: Path) -> None:
    with faulty_proxy(s3_server.url, lambda _method, _path: "silence") as metadata:
        bucket = opened(s3_server.url, tmp_path, "raw", {"AWS_METADATA_ENDPOINT": metadata.url}, SHORT)
        with pytest.raises(Stop, match=r"no credentials are set\. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
            bucket.list("")
        assert metadata.requests
