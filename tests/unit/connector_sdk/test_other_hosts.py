from __future__ import annotations

import base64
import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from headrace.connector_sdk.aws_credentials import AwsKeys
from headrace.connector_sdk.custom import described
from headrace.connector_sdk.hosts import LAMBDA_PAYLOAD_BYTES, Bounds
from headrace.connector_sdk.hosts.aws_lambda import LambdaHost
from headrace.connector_sdk.hosts.book import HostBook, Http, Place, Surroundings, bounds_of, place_of, to_document
from headrace.connector_sdk.hosts.http import HttpHost
from headrace.connector_sdk.hosts.process import Handler
from headrace.connector_sdk.signing import signed
from headrace.errors import NotThere, Retry, Stop
from headrace.settings import Settings
from tests.standins import stock_connector
from tests.standins.processes import PATIENCE_S

REQUEST = {"type": "ListEntitiesRequest"}
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:stock"
KEYS = AwsKeys("AKID", "hidden", "token")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SMALL = Bounds(timeout_s=0.5, answer_bytes=1000, request_bytes=1000)
Answering = Callable[[httpx.Request], httpx.Response]


def http(answering: Answering) -> HttpHost:
    return HttpHost("http://connector/run", bounds=SMALL, transport=httpx.MockTransport(answering))


def on_lambda(answering: Answering, keys: AwsKeys | None = KEYS) -> LambdaHost:
    transport = httpx.MockTransport(answering)
    return LambdaHost(
        ARN, endpoint="http://lambda:9001/", keys=lambda: keys, now=lambda: NOW, bounds=SMALL, transport=transport
    )


def reply(status: int = 200, body: bytes = b'{"isSuccess": true}', **headers: str) -> Answering:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, content=body, headers=named)


def test_a_request_is_posted_as_json_and_its_body_is_the_answer() -> None:
    seen: list[httpx.Request] = []

    def answering(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"isSuccess": True})

    host = http(answering)
    assert host.invoke(REQUEST) == {"isSuccess": True}
    assert (seen[0].method, str(seen[0].url)) == ("POST", "http://connector/run")
    assert json.loads(seen[0].content) == REQUEST
    host.close()


@pytest.mark.parametrize("make", [http, on_lambda])
@pytest.mark.parametrize(
    "answering, kind, words",
    [
        (reply(503, b"busy"), Retry, "answered status 503: busy"),
        (reply(429, b"", retry_after="7"), Retry, "answered status 429: nothing"),
        (reply(404, b"no such thing"), Stop, "answered status 404: no such thing"),
        (reply(302, b"", location="http://elsewhere"), Stop, "a redirect, which is not followed"),
        (reply(200, b"<html>Sign in</html>"), Stop, "No valid response.*no JSON: <html>Sign in"),
        (reply(200, b"[" * 900), Stop, "No valid response"),
        (reply(200, b'"' + b"x" * 2000 + b'"'), Stop, "No valid response.*more than the 1000 bytes"),
    ],
)
def test_what_is_no_answer_is_told(make: Any, answering: Answering, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        make(answering).invoke(REQUEST)


def test_a_server_says_when_to_come_back() -> None:
    for after, wanted in (("7", 7.0), ("Wed, 21 Oct", None)):
        with pytest.raises(Retry) as caught:
            http(reply(429, retry_after=after)).invoke(REQUEST)
        assert caught.value.after_s == wanted


@pytest.mark.parametrize(
    "error, words",
    [
        (httpx.ConnectError("refused"), "can't be reached: refused"),
        (httpx.ReadTimeout("x"), r"not answer within 0\.5 s"),
    ],
)
def test_a_server_that_is_not_there_may_be_there_later(error: Exception, words: str) -> None:
    def answering(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Retry, match=words):
        http(answering).invoke(REQUEST)


def test_a_request_larger_than_allowed_is_not_posted() -> None:
    with pytest.raises(Stop, match="takes 1022 bytes; at most 1000"):
        http(reply()).invoke({"type": "x" * 1010})


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(Stop, match=r"is no URL|can't be reached"):
        HttpHost("http://[::1", bounds=SMALL).invoke(REQUEST)


def test_a_function_is_invoked_as_lambda_wants_it() -> None:
    seen: list[httpx.Request] = []

    def answering(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=["whatever"])

    assert on_lambda(answering).invoke(REQUEST) == ["whatever"]
    (request,) = seen
    assert request.url.raw_path == b"/2015-03-31/functions/" + ARN.replace(":", "%3A").encode() + b"/invocations"
    assert request.headers["x-amz-invocation-type"] == "RequestResponse"
    assert "/20260102/eu-west-1/lambda/aws4_request" in request.headers["authorization"]
    assert "hidden" not in str(request.headers)


@pytest.mark.parametrize("make", [http, on_lambda])
def test_the_key_of_a_batch_goes_with_the_client_context(make: Any) -> None:
    seen: list[httpx.Request] = []

    def answering(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    make(answering).invoke(REQUEST, batch_key="run/7")
    make(answering).invoke(REQUEST)
    keyed, plain = seen
    client = json.loads(base64.b64decode(keyed.headers["x-amz-client-context"]))
    assert client == {"custom": {"batchKey": "run/7"}}
    assert "x-amz-client-context" not in plain.headers
    assert json.loads(keyed.content) == json.loads(plain.content) == REQUEST


def test_a_function_that_raised_is_told_in_its_own_words() -> None:
    body = json.dumps({"errorType": "RuntimeError", "errorMessage": "no shelf", "stackTrace": []}).encode()
    with pytest.raises(Stop, match="raised RuntimeError: no shelf"):
        on_lambda(reply(200, body, x_amz_function_error="Unhandled")).invoke(REQUEST)


def test_no_keys_no_call() -> None:
    with pytest.raises(Stop, match="There are no AWS keys"):
        on_lambda(reply(), keys=None).invoke(REQUEST)


@pytest.mark.parametrize("token", [None, "session"])
def test_a_request_is_signed_as_botocore_signs_it(token: str | None) -> None:
    url = "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Alambda/invocations"
    headers = {"content-type": "application/json", "x-amz-invocation-type": "RequestResponse"}
    ours = signed(
        AwsKeys("AKID", "hidden", token),
        url=url,
        headers=headers,
        body=b"{}",
        region="eu-west-1",
        service="lambda",
        now=NOW,
    )
    theirs = AWSRequest("POST", url, headers=headers | {"X-Amz-Date": ours["x-amz-date"]}, data=b"{}")
    if token is not None:
        theirs.headers["X-Amz-Security-Token"] = token
    theirs.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "hidden", token), "lambda", "eu-west-1")
    wanted = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    assert ours["authorization"].endswith(f"Signature={wanted}")


def test_a_query_is_signed_as_botocore_signs_it() -> None:
    url = "http://127.0.0.1:8080/headrace/v1/flows/a%40b/executions?to=2026-01-01T00%3A00%3A00Z&ids=b%2Cc&from=5&f="
    ours = signed(
        AwsKeys("AKID", "hidden", None),
        url=url,
        headers={},
        body=b"",
        region="eu-west-1",
        service="appflow",
        now=NOW,
        method="GET",
    )
    theirs = AWSRequest("GET", url, headers={"X-Amz-Date": ours["x-amz-date"]})
    theirs.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "hidden"), "appflow", "eu-west-1")
    wanted = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    assert ours["authorization"].endswith(f"Signature={wanted}")


def book(places: dict[str, Place], settings: Settings | None = None) -> HostBook:
    given = Surroundings(
        settings=settings or Settings(Path("/nowhere")),
        environment={"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "hidden", "HEADRACE_KEY": "hidden"},
        now=lambda: NOW,
        on_line=lambda _: lambda _line, _request: None,
        secrets=lambda arn: {"AWS_REGION": "eu-west-1", "OF": arn},
    )
    return HostBook(places.get, given)


def test_each_place_has_its_host_which_is_kept_until_the_place_changes() -> None:
    handler = Handler("stock_connector:handle", sys.executable, Path(__file__).parents[2] / "standins")
    places: dict[str, Place] = {ARN: handler}
    hosts = book(places)
    first = hosts.host(ARN)
    answer: Any = first.invoke({"type": "x", "mood": "environment"})
    assert answer["environment"]["OF"] == ARN
    assert "hidden" not in str(answer["environment"])
    assert hosts.host(ARN) is first
    places[ARN] = Http("http://connector/run")
    assert isinstance(hosts.host(ARN), HttpHost)
    with pytest.raises(Retry, match="stopping"):
        first.invoke(REQUEST)
    hosts.close()


def test_a_connector_that_nobody_hosts_is_told_with_what_to_do() -> None:
    with pytest.raises(NotThere, match=r"`headrace connectors host`.*AWS_ENDPOINT_URL_LAMBDA.*eu-west-1"):
        book({}).host(ARN)


def test_a_server_for_lambda_answers_for_all_others() -> None:
    chosen = Settings(Path("/nowhere"), lambda_endpoint="http://lambda:9001")
    assert isinstance(book({}, chosen).host(ARN), LambdaHost)


def test_lambdas_own_limit_holds_where_it_is_asked_for() -> None:
    assert bounds_of(Settings(Path("/nowhere"), limits="aws")).answer_bytes == LAMBDA_PAYLOAD_BYTES
    assert bounds_of(Settings(Path("/nowhere"))).answer_bytes > LAMBDA_PAYLOAD_BYTES


@pytest.mark.parametrize("place", [Http("http://x"), Handler("a:b", "/bin/python", Path("/folder"))])
def test_a_place_is_kept_as_it_is(place: Place) -> None:
    assert place_of(to_document(place)) == place


def test_a_connector_over_http_answers_on_a_real_socket() -> None:
    class Connector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = json.dumps(stock_connector.handle(asked, None)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Connector) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        host = HttpHost(f"http://127.0.0.1:{server.server_port}/", bounds=Bounds(timeout_s=PATIENCE_S))
        assert described(host, "Stock")["connectorName"] == "Stock"
        host.close()
        server.shutdown()
        thread.join()
