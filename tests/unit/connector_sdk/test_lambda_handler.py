from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from headrace.connector_sdk.authored import AuthoredConnector
from headrace.connector_sdk.authoring import (
    ApiKey,
    CustomAuth,
    Destination,
    Entity,
    Field,
    OAuth2,
    Page,
    Parameter,
    Query,
    Retry,
    Source,
    Stop,
)
from headrace.connector_sdk.custom import CustomConnector, described
from headrace.connector_sdk.hosts import client_context_headers
from headrace.connector_sdk.hosts.here import HereHost
from headrace.connector_sdk.lambda_handler import lambda_handler
from headrace.connector_sdk.lambda_http import http_application
from headrace.connector_sdk.lambda_shapes import configuration
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.records import Rejection
from headrace.errors import NotThere, Refused
from headrace.model.check import violations
from tests.standins.shop import Shop, connection, customer, secret, shop
from tests.unit.connector_sdk.connections import batch, query, recorded

ROOT = Path(__file__).parents[3]


class Products(Source, Destination):
    """Answers the requests that AppFlow was recorded to send."""

    entities = (Entity("productEntity", (Field("field_1"),)),)

    def read(self, query: Query) -> Iterator[Page]:
        yield Page([{"field_1": "a", "more": 1}])

    def write(self, batch: Any) -> list[Rejection]:
        return []


def no_secrets(arn: str) -> str:
    raise AssertionError(arn)


def answer(kind: Any, request: object) -> Any:
    return json.loads(json.dumps(lambda_handler(kind, secrets=lambda _: secret())(request, None)))  # pyright: ignore[reportArgumentType]


def custom(kind: Any = Shop, password: str | None = None) -> CustomConnector:
    held = secret() if password is None else secret(password)
    host = HereHost(lambda_handler(kind, secrets=lambda _: held))
    return CustomConnector(connection(), host, ("v1.0",), MetadataCache(lambda: 0), lambda: False)


@pytest.mark.parametrize(
    "name",
    [
        *("DescribeConnectorConfiguration", "ValidateConnectorRuntimeSettings", "ValidateCredentials"),
        *("ListEntities", "DescribeEntity", "QueryData", "WriteData"),
    ],
)
def test_every_request_that_appflow_was_recorded_to_send_is_answered(name: str) -> None:
    found = lambda_handler(Products, secrets=no_secrets)(recorded(name), None)
    assert (found["isSuccess"], found["errorDetails"]) == (True, None)


def test_the_recorded_query_is_answered_with_the_fields_that_it_selects() -> None:
    found = lambda_handler(Products)(recorded("QueryData"), None)
    assert (found["records"], found["nextToken"]) == (['{"field_1": "a"}'], None)


def test_the_recorded_batch_is_answered_with_a_result_for_each_record() -> None:
    found = lambda_handler(Products)(recorded("WriteData"), None)
    assert [each["isSuccess"] for each in found["writeRecordResults"]] == [True, True]


def test_a_connector_says_what_it_is_in_the_shape_of_the_api() -> None:
    said = described(HereHost(lambda_handler(Shop)), "Shop")
    shown = configuration(said)
    assert violations("ConnectorConfiguration", shown) == ()
    assert (shown["canUseAsSource"], shown["canUseAsDestination"]) == (True, True)
    assert shown["supportedWriteOperations"] == ["INSERT", "UPDATE", "UPSERT", "DELETE"]
    assert shown["authenticationConfig"]["isBasicAuthSupported"]
    assert [each["key"] for each in shown["connectorRuntimeSettings"]] == ["branch", "limit"]


def test_ways_to_authenticate_are_shown_as_declared() -> None:
    class Guarded(Products):
        authentication = (
            ApiKey(),
            OAuth2(("https://a/token",), ("https://a/authorize",), scopes=("read",)),
            CustomAuth("Handshake", (Parameter("word"),)),
        )

    shown = configuration(described(HereHost(lambda_handler(Guarded)), "Guarded"))["authenticationConfig"]
    assert (shown["isApiKeyAuthSupported"], shown["isOAuth2Supported"]) == (True, True)
    assert shown["oAuth2Defaults"]["tokenUrls"] == ["https://a/token"]
    (handshake,) = shown["customAuthConfigs"]
    assert handshake["customAuthenticationType"] == "Handshake"
    assert [(each["key"], each["isSensitiveField"]) for each in handshake["authParameters"]] == [("word", True)]


def test_a_connector_without_credentials_offers_a_profile_without_any() -> None:
    shown = configuration(described(HereHost(lambda_handler(Products)), "Products"))["authenticationConfig"]
    assert [each["customAuthenticationType"] for each in shown["customAuthConfigs"]] == ["NoAuthentication"]


def test_reading_through_the_contract_is_reading_the_connector() -> None:
    pages = list(custom().read(query(entity="customer", fields=("id", "name"), page_size=10)))
    assert [len(page.records) for page in pages] == [10, 10, 3]
    assert json.loads(pages[2].records[-1]) == {"id": 23, "name": "customer 23"}
    assert list(custom().read(query(entity="customer", page_size=10, after="10"))) == pages[1:]


def test_an_incremental_flow_goes_on_at_the_bookmark_that_the_connector_named() -> None:
    kind = shop()
    assert (custom(kind).keeps_place("journal"), custom(kind).keeps_place("customer")) == (True, False)
    (page,) = custom(kind).read(query(entity="journal", fields=None, page_size=50))
    assert (len(page.records), page.bookmark) == (10, "10")
    kind.application.held["journal"].append({"number": 10})
    (page,) = custom(kind).read(query(entity="journal", fields=None, page_size=50, since=page.bookmark))
    assert (page.records, page.bookmark) == (('{"number": 10}',), "11")


def test_a_source_is_told_by_which_field_an_incremental_flow_goes() -> None:
    asked: list[str | None] = []

    class Asked(Shop):
        def read(self, query: Query) -> Iterator[Page]:
            asked.append(query.timestamp_field)
            yield Page([])

    list(custom(Asked).read(query(entity="customer", timestamp_field="since")))
    list(custom(Asked).read(query(entity="customer")))
    assert asked == ["since", None]


def test_writing_through_the_contract_is_writing_to_the_connector() -> None:
    kind = shop()
    records = [json.dumps(customer(100 + place) | {"name": name}) for place, name in enumerate(["x", "", "z"])]
    assert custom(kind).write(batch(*records, entity="customer")) == (Rejection(1, "name is missing"),)
    assert [each["id"] for each in kind.application.held["customer"]][-2:] == [100, 102]


def test_a_batch_larger_than_the_connector_takes_is_written_in_parts_and_the_refused_keep_their_places() -> None:
    kind = shop()
    records = [json.dumps(customer(100 + place) | ({"name": ""} if place == 120 else {})) for place in range(130)]
    assert custom(kind).write(batch(*records, entity="customer")) == (Rejection(120, "name is missing"),)
    assert len(kind.application.held["customer"]) == 23 + 129
    with pytest.raises(Stop, match=r"`allOrNone` with 130 records: the connector writes 50 at once.*InvalidArgument"):
        custom(kind).write(batch(*records, entity="customer", all_or_none=True))


def test_the_same_batch_is_known_by_the_key_of_the_client_context() -> None:
    kind = shop()
    request = recorded("WriteData") | {"entityIdentifier": "customer", "records": [json.dumps(customer(50))]}

    class Context:
        class client_context:  # noqa: N801 - as AWS Lambda has it
            custom = {"batchKey": "run/7"}  # noqa: RUF012

    handler = lambda_handler(kind, secrets=lambda _: secret())
    assert [handler(request, Context())["isSuccess"] for _ in range(2)] == [True, True]
    assert len(kind.application.held["customer"]) == 24


def test_a_batch_that_is_sent_again_is_kept_once() -> None:
    kind = shop()
    sent = batch(json.dumps(customer(50)), entity="customer", key="run/7")
    assert [custom(kind).write(sent) for _ in range(2)] == [(), ()]
    assert len(kind.application.held["customer"]) == 24


def test_nested_entities_and_long_lists_are_listed_by_pages() -> None:
    assert [each["name"] for each in custom().entities("archive")] == ["archive/order"]
    asking = recorded("ListEntities")
    first = answer(Shop, asking | {"maxResult": 2})
    rest = answer(Shop, asking | {"maxResult": 2, "nextToken": first["nextToken"]})
    names = [each["entityIdentifier"] for each in (*first["entities"], *rest["entities"])]
    assert (names, rest["nextToken"]) == (["customer", "archive", "journal", "nothing"], None)


def test_records_are_retrieved_by_their_ids_in_the_order_asked() -> None:
    request = recorded("QueryData") | {
        "type": "RetrieveDataRequest",
        "entityIdentifier": "customer",
        "selectedFieldNames": ["name"],
        "idFieldName": "id",
        "ids": ["7", "99", "2"],
        "maxResults": 3,
    }
    found = [json.loads(record) for record in answer(Shop, request)["records"]]
    assert found == [{"id": 7, "name": "customer 7"}, {"id": 2, "name": "customer 2"}]


def test_bad_credentials_and_missing_entities_are_told_as_what_they_are() -> None:
    with pytest.raises(Refused, match="not known here"):
        custom(password="wrong").check()
    with pytest.raises(NotThere, match="no entity 'nobody'"):
        custom().describe("nobody")


def test_credentials_of_a_kind_that_is_not_declared_never_reach_the_connector() -> None:
    class Keyed(Shop):
        authentication = (ApiKey(), OAuth2(("https://example.com/token",)))

        def check(self) -> None:
            raise AssertionError(self.credentials["apiKey"])

    with pytest.raises(Refused, match="Keyed takes no credentials of the kind BasicAuth: give ApiKey or OAuth2"):
        AuthoredConnector(Keyed, connection()).check()


def test_settings_that_will_not_do_are_told_by_input_field() -> None:
    request = recorded("ValidateConnectorRuntimeSettings") | {"connectorRuntimeSettings": {"branch": "west"}}
    found = answer(Shop, request)
    assert found["errorsByInputField"] == {"branch": "is 'west': allowed are north, south"}
    assert found["errorDetails"]["errorCode"] == "InvalidArgument"


@pytest.mark.parametrize(
    "error, code, after",
    [
        (Retry("slow down", after_s=6.2), "RateLimitExceeded", 7),
        (Retry("busy"), "ServiceUnavailable", None),
        (Stop("no"), "ClientError", None),
        (Refused("who"), "InvalidCredentials", None),
        (NotThere("gone"), "ResourceNotFoundError", None),
    ],
)
def test_an_error_is_answered_with_the_code_that_means_it(error: Exception, code: str, after: int | None) -> None:
    class Failing(Products):
        def read(self, query: Query) -> Iterator[Page]:
            raise error

    found = answer(Failing, recorded("QueryData"))
    assert found["isSuccess"] is False
    assert found["errorDetails"] == {"errorCode": code, "errorMessage": str(error), "retryAfterSeconds": after}


def test_a_fault_of_the_code_is_raised_for_whoever_runs_it_to_log() -> None:
    class Faulty(Products):
        def read(self, query: Query) -> Iterator[Page]:
            raise KeyError(query.entity)

    with pytest.raises(KeyError):
        answer(Faulty, recorded("QueryData"))


@pytest.mark.parametrize(
    "request_, words",
    [
        ([], "a JSON object with a `type`"),
        ({}, "`type` is missing"),
        ({"type": "Nonsense"}, "'Nonsense': allowed are DescribeConnectorConfigurationRequest"),
        (recorded("QueryData") | {"entityIdentifier": 3}, "`entityIdentifier` is 3: give a text"),
        (recorded("QueryData") | {"maxResults": "many"}, "`maxResults` is 'many': give a whole number"),
        (recorded("QueryData") | {"selectedFieldNames": [1]}, "`selectedFieldNames` must be a list of texts"),
        (recorded("QueryData") | {"connectorContext": []}, "`connectorContext` must be an object"),
        (recorded("WriteData") | {"operation": "MERGE"}, "`operation` is 'MERGE': allowed are INSERT"),
        (
            recorded("ValidateCredentials") | {"credentials": {"authenticationType": "Magic"}},
            "`authenticationType` is 'Magic'",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_with_what_would(request_: Any, words: str) -> None:
    details = answer(Shop, request_)["errorDetails"]
    assert details["errorCode"] == "InvalidArgument"
    assert words in details["errorMessage"]


def post(body: bytes, method: str = "POST", kind: Any = Products, batch_key: str | None = None) -> tuple[str, bytes]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ |= {"REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    headers = client_context_headers(batch_key)
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    statuses: list[str] = []

    def start(status: str, _headers: Any, _info: Any = None) -> Any:
        statuses.append(status)

    parts = http_application(lambda_handler(kind, secrets=lambda _: secret()))(environ, start)
    return statuses[0], b"".join(parts)


def test_the_same_handler_answers_over_plain_http() -> None:
    status, body = post(json.dumps(recorded("QueryData")).encode())
    assert (status, json.loads(body)["records"]) == ("200 OK", ['{"field_1": "a"}'])
    assert post(b"{")[0] == "400 Bad Request"
    assert post(b"", "GET")[0] == "405 Method Not Allowed"


@pytest.mark.parametrize("batch_key, count", [("run/7", 1), (None, 0)])
def test_a_batch_sent_twice_over_http_is_kept_once_where_it_has_a_key(batch_key: str | None, count: int) -> None:
    kind = shop()
    request = recorded("WriteData") | {"entityIdentifier": "customer", "records": [json.dumps(customer(50))]}
    answers = [json.loads(post(json.dumps(request).encode(), "POST", kind, batch_key)[1]) for _ in range(2)]
    # Without a key the second is another batch, whose record is there already.
    assert [each["isSuccess"] for each in answers] == [True, count == 1]


def test_a_connector_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; import headrace.connector_sdk.lambda_handler, headrace.connector_sdk.lambda_http;"
        "names = {name.split('.')[0] for name in sys.modules};"
        "print(sorted(names - set(sys.stdlib_module_names) - {'headrace', '__main__'}))"
    )
    # -I -S: nothing that is installed can be found.
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); {code}"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "[]"
