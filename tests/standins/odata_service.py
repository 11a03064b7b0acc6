"""One service behind the connector, in the process of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from headrace.connector_sdk.http.logins import Basic
from headrace.connector_sdk.http.session import Account
from headrace.connectors.sapodata.addresses import Site
from headrace.connectors.sapodata.connector import SapOData
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.words import judge
from tests.standins.rest_api import RestApi

HOST = "https://sap.example.com:44300"
PROPERTIES = {
    "applicationHostUrl": "https://sap.example.com",
    "portNumber": "44300",
    "clientNumber": "100",
    "applicationServicePath": "/svc",
}


def at(metadata: bytes, answer: Callable[[httpx.Request], httpx.Response]) -> RestApi:
    """An application whose $metadata is this, everywhere, and that answers all else so."""

    def either(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/$metadata"):
            return httpx.Response(200, content=metadata, headers={"content-type": "application/xml"})
        return answer(request)

    credentials = {"username": "ann", "password": "planted-password"}
    return RestApi(either, credentials=credentials, kind="BasicAuth", properties=dict(PROPERTIES))


def connector(application: RestApi) -> SapOData:
    """The connector of a profile of it, which keeps $metadata for good."""
    session = application.http().session(Account(application.connection), Basic(), judge=judge)
    memory: dict[str, Any] = {}

    def kept(name: str, ask: Callable[[], Any]) -> Any:
        if name not in memory:
            memory[name] = ask()
        return memory[name]

    return SapOData(Services(session, Site.of(application.connection()), kept))
