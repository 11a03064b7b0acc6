"""Where services lie, and where requests may go."""

from __future__ import annotations

import pytest

from headrace.connector_sdk.records import Connection, Credentials
from headrace.connectors.sapodata.addresses import Site, service_path, split_path
from headrace.errors import Stop

ASKED = "https://sap.example.com:44300/sap/svc/Things?sap-client=100"


def site(**properties: str) -> Site:
    given = {
        "applicationHostUrl": "https://sap.example.com",
        "portNumber": "44300",
        "clientNumber": "100",
        "applicationServicePath": "/sap/svc/",
    }
    credentials = Credentials("BasicAuth", {})
    return Site.of(Connection("0", "r", "p", "SAPOData", None, given | properties, credentials, "arn"))


def followed(link: str, *, is_lenient: bool = True) -> str:
    return site().followed(link, asked=ASKED, service="/sap/svc", is_lenient=is_lenient)


@pytest.mark.parametrize(
    "host,expected",
    [
        ("https://sap.example.com", "https://sap.example.com:44300/a?sap-client=100"),
        ("http://sap.example.com:8000/", "http://sap.example.com:44300/a?sap-client=100"),
        ("https://sap.example.com/proxy/", "https://sap.example.com:44300/proxy/a?sap-client=100"),
        ("http://[::1]", "http://[::1]:44300/a?sap-client=100"),
    ],
)
def test_a_url_is_the_profiles_host_and_port_and_the_path(host: str, expected: str):
    assert site(applicationHostUrl=host).url("/a") == expected


@pytest.mark.parametrize("host", ["ftp://sap", "https://", "https://me:secret@sap", "https://sap/?a=b", "sap"])
def test_a_host_that_is_none_is_refused(host: str):
    with pytest.raises(Stop, match="applicationHostUrl"):
        site(applicationHostUrl=host)


def test_client_language_and_single_sign_on_go_along():
    url = site(logonLanguage="DE", disableSSO="true").url("/a", {"$top": "1"})
    assert url.partition("?")[2] == "$top=1&sap-client=100&sap-language=DE&saml2=disabled"


def test_a_blank_in_a_query_is_no_plus_and_signs_are_encoded():
    url = site().url("/a;v=2/b", {"$filter": "A eq 'x+y & 100% ü#'"})
    assert url.startswith("https://sap.example.com:44300/a;v=2/b?$filter=A%20eq%20'x%2By%20%26%20100%25%20%C3%BC%23'&")


@pytest.mark.parametrize(
    "link,expected",
    [
        ("Things?$skiptoken=2", "https://sap.example.com:44300/sap/svc/Things?$skiptoken=2&sap-client=100"),
        (
            "Things?sap-client=100&$skiptoken=2",
            "https://sap.example.com:44300/sap/svc/Things?sap-client=100&$skiptoken=2",
        ),
        ("?$skiptoken=2", "https://sap.example.com:44300/sap/svc/Things?$skiptoken=2&sap-client=100"),
        (
            "https://sap.example.com:44300/sap/svc/Things?$skiptoken=2",
            "https://sap.example.com:44300/sap/svc/Things?$skiptoken=2&sap-client=100",
        ),
    ],
)
@pytest.mark.parametrize("is_lenient", [True, False])
def test_a_link_of_the_same_host_is_followed(link: str, expected: str, is_lenient: bool):
    assert followed(link, is_lenient=is_lenient) == expected


INNER = "http://inner:8000/sap/svc/Things?$skiptoken=2"


def test_a_link_with_the_hosts_own_name_is_asked_of_the_profiles_host():
    assert followed(INNER) == "https://sap.example.com:44300/sap/svc/Things?$skiptoken=2&sap-client=100"


@pytest.mark.parametrize(
    "link,is_lenient",
    [
        (INNER, False),
        ("https://elsewhere/other/Things", True),
        ("https://elsewhere/sap/svcx/Things", True),
        ("//elsewhere/Things", True),
        ("http://sap.example.com:44300@elsewhere/x", True),
        ("file:///sap/svc/../../etc/passwd", False),
    ],
)
def test_a_link_that_leads_elsewhere_is_refused(link: str, is_lenient: bool):
    with pytest.raises(Stop, match=r"credentials go to https://sap\.example\.com:44300 only"):
        followed(link, is_lenient=is_lenient)


@pytest.mark.parametrize(
    "given,expected",
    [
        ("/sap/opu/odata/sap/API_SRV/A_Set", ("/sap/opu/odata/sap/API_SRV", "A_Set")),
        ("sap/svc/A_Set/", ("/sap/svc", "A_Set")),
        ("//sap//svc/A_Set", ("/sap/svc", "A_Set")),
        ("A_Set", ("/own", "A_Set")),
    ],
)
def test_an_object_path_is_a_service_and_an_entity_set(given: str, expected: tuple[str, str]):
    assert split_path(given, "/own") == expected


@pytest.mark.parametrize("given", ["", "/", "/a/../b", "/a?b=c", "/a#b", "/a\\b", "/a\nb"])
def test_what_is_no_path_is_refused(given: str):
    with pytest.raises(Stop):
        split_path(given, "/own")


def test_a_services_path_has_one_form():
    assert service_path("a//b/") == service_path("/a/b") == "/a/b"


def test_a_proxy_may_stand_for_the_profiles_host():
    known = site()
    credentials = Credentials("BasicAuth", {})
    given = {"applicationHostUrl": "https://sap.example.com", "portNumber": "44300", "clientNumber": "100"}
    connection = Connection(
        "0", "r", "p", "SAPOData", None, given | {"applicationServicePath": "/s"}, credentials, "arn"
    )
    assert Site.of(connection, "http://127.0.0.1:8000").url("/a") == "http://127.0.0.1:8000/a?sap-client=100"
    assert known.url("/a").startswith("https://sap.example.com:44300/")
