"""A built-in connector of records for the help desk, under the name of one that AppFlow has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import httpx

from headrace.connector_sdk.built_in import OAuth, Outside, RecordConnectorType
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side
from headrace.connector_sdk.registry import GROUP
from headrace.errors import NotThere, Refused, Retry, Stop

ENTRY = EntryPoint("Zendesk", f"{__name__}:CONNECTOR", GROUP)
PARDOT = EntryPoint("Pardot", f"{__name__}:OTHER", GROUP)
S3 = EntryPoint("S3", "headrace.connectors.s3:CONNECTOR", GROUP)


class HelpDeskConnector:
    batch_size = 2

    def __init__(self, connection: Connection, outside: Outside) -> None:
        self._url = outside.base_url or connection.properties["instanceUrl"]
        self._token = token = connection.credentials.values.get("accessToken", "")
        self._http = httpx.Client(trust_env=False, headers={"authorization": f"Bearer {token}"}, timeout=120)

    def read(self, query: Query) -> Iterator[Page]:
        after = query.after or "0"
        while True:
            answer = self._ask("GET", f"/{query.entity}", params={"after": after})
            yield Page(tuple(json.dumps(record) for record in answer["records"]), answer["next"])
            if answer["next"] is None:
                return
            after = answer["next"]

    def write(self, batch: Batch) -> Sequence[Rejection]:
        records = [json.loads(text) for text in batch.records]
        answer = self._ask("POST", f"/{batch.entity}", json={"key": batch.key, "records": records})
        return [Rejection(place, f"it is bad, says the owner of {self._token}") for place in answer["refused"]]

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        found = self._ask("GET", "/entities")["entities"]
        return [{"name": f"{path}/{name}" if path else name, "hasNestedEntities": path is None} for name in found]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        if entity not in self._ask("GET", "/entities")["entities"]:
            raise NotThere(f"The help desk has no {entity}.")
        return [{"identifier": "id"}, {"identifier": "name"}]

    def check(self) -> None:
        self._ask("GET", "/entities")

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        return

    def _ask(self, method: str, path: str, **members: Any) -> Any:
        try:
            answer = self._http.request(method, self._url + path, **members)
        except httpx.HTTPError as error:
            raise Retry(f"The help desk can't be reached: {error}") from None
        if answer.status_code == 401:
            # On purpose: what a connector says must not show what it was given.
            raise Refused(f"The help desk said: {answer.json()['error']}.")
        if answer.status_code != 200:
            raise Stop(f"The help desk answered {answer.status_code}.")
        return answer.json()


CONNECTOR = RecordConnectorType(
    connector_type="Zendesk",
    open=HelpDeskConnector,
    oauth=OAuth("{{instanceUrl}}/oauth/tokens", "{{instanceUrl}}/oauth/authorizations/new", ("read", "write")),
    group=lambda path: "Objects" if path is None else "Channels",
)
# The same under a name whose credentials may hold a refresh token.
OTHER = replace(CONNECTOR, connector_type="Pardot")
