"""What a service's answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.connector_sdk.http.messages import Answer
from headrace.connectors.sapodata.words import judge
from headrace.errors import ConnectorError, Denied, NotThere, Refused, Retry, Stop

XML = "application/xml;charset=utf-8"


def judged(status: int, body: object = "", kind: str = "application/json", **headers: str) -> ConnectorError:
    content = body if isinstance(body, str) else json.dumps(body)
    named = {"content-type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    found = judge(Answer(status, named, content.encode(), "https://sap/x", "GET https://sap/x"))
    assert found is not None
    return found


V4 = {
    "error": {"code": "SY/530", "message": "No  such\nthing", "details": [{"code": "1", "message": "Field A is bad"}]}
}
V2 = {
    "error": {
        "code": "005056A509B11EE1B9A8FEC11C21578E",
        "message": {"lang": "en", "value": "No such thing"},
        "innererror": {
            "errordetails": [
                {"code": "SY/530", "message": "No such thing", "severity": "error"},
                {"code": "/IWBEP/CX_MGW_BUSI", "message": "Field A is bad", "severity": "error"},
            ]
        },
    }
}
IN_XML = """<?xml version="1.0"?><error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
<code>x</code><message xml:lang="en">No such thing</message></error>"""


@pytest.mark.parametrize(
    "body,kind,expected",
    [
        (V4, "application/json", "No such thing (SY/530); Field A is bad"),
        (V2, "application/json", "No such thing; No such thing (SY/530); Field A is bad (/IWBEP/CX_MGW_BUSI)"),
        (IN_XML, XML, "No such thing"),
        ("<html><title>Down</title></html>", "text/html", "a page titled 'Down'"),
        ("<!DOCTYPE e [<!ENTITY a 'x'>]><e>&a;</e>", XML, "a page of HTML or XML"),
        ("Bad Request", "text/plain", "Bad Request"),
        ({"error": []}, "application/json", '{"error": []}'),
        ("", "application/json", "nothing"),
    ],
    ids=["V4", "V2", "XML", "page", "entities", "text", "odd", "nothing"],
)
def test_an_error_is_told_in_the_services_own_words(body: Any, kind: str, expected: str):
    assert judged(400, body, kind).message == f"GET https://sap/x answered status 400: {expected}"


@pytest.mark.parametrize(
    "status,kind",
    [
        *((status, Stop) for status in (400, 405, 409, 412, 428, 501)),
        (401, Refused),
        (403, Denied),
        (404, NotThere),
        *((status, Retry) for status in (429, 500, 502, 503, 504)),
    ],
)
def test_a_status_means_what_is_done_next(status: int, kind: type[ConnectorError]):
    assert type(judged(status, V4)) is kind


def test_a_wait_that_is_asked_for_is_kept():
    found = judged(429, V4, retry_after="7")
    assert isinstance(found, Retry)
    assert found.after_s == 7


def test_what_a_service_says_of_a_record_is_no_failure_of_the_server():
    def written(body: str) -> ConnectorError | None:
        headers = {"content-type": "application/json"}
        return judge(Answer(500, headers, body.encode(), "https://sap/x", "POST https://sap/x"))

    assert type(written(json.dumps(V2))) is Stop
    assert type(written("<html><title>Dump</title></html>")) is Retry


def test_success_is_no_error():
    assert judge(Answer(204, {}, b"", "u", "w")) is None
