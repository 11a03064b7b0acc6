"""Records into an entity set, one by one.

Source: OData 2.0, Operations §2; OData 4.0 Part 1 §11.4; SAP Gateway, Cross-Site Request Forgery Protection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import msgspec

from headrace.connector_sdk.http.messages import Answer, Request
from headrace.connector_sdk.records import Batch, Rejection
from headrace.connectors.sapodata.forms import Form
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.words import said
from headrace.errors import Stop

OPERATIONS: Final = ("INSERT", "UPDATE", "UPSERT")
# Of a record, not of the whole: other records may be taken.
_REFUSING: Final = frozenset({400, 403, 404, 405, 409, 412, 413, 415, 422, 428, 500})
_MISSING: Final = frozenset({404, 412})
_TOKEN: Final = "x-csrf-token"  # noqa: S105 - the name of a header


class Tokens:
    """The CSRF tokens of services, which SAP Gateway wants with every write; other services have none."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[str, str] = {}

    def send(self, service: str, request: Request) -> Answer:
        """The answer to a write, with the token of the service; a token that is too old is had anew, once."""
        answer = self._sent(service, request)
        if answer.status == 403 and answer.headers.get(_TOKEN, "").lower() == "required":
            del self._known[service]
            answer = self._sent(service, request)
        return answer

    def _sent(self, service: str, request: Request) -> Answer:
        if service not in self._known:
            self._known[service] = self._fetched(service)
        token = self._known[service]
        return self._services.session.send(
            replace(request, headers={**request.headers, **({_TOKEN: token} if token else {})})
        )

    def _fetched(self, service: str) -> str:
        url = self._services.site.url(f"{service}/")
        answer = self._services.session.send(
            Request("GET", url, {_TOKEN: "Fetch", "accept": "application/json"}, accepted=frozenset({404, 405, 406}))
        )
        return answer.headers.get(_TOKEN, "")


class Writing:
    """Writes the records of one batch."""

    def __init__(self, services: Services, tokens: Tokens, batch: Batch) -> None:
        self._services = services
        self._tokens = tokens
        self._batch = batch
        self._service, metadata, self._set = services.entity_set(batch.entity)
        self._is_v4 = metadata.version == "V4"
        self._form = Form(metadata, self._set)
        self._keys = tuple(each.name for each in self._set.keys)
        self._check()

    def rejections(self) -> Iterator[Rejection]:
        """Which records the service refuses; all others are durable. Raises Retry or Stop."""
        for place, record in enumerate(self._batch.records):
            reason = self._refused(record)
            if reason is not None:
                yield Rejection(place, reason)

    def _check(self) -> None:
        batch = self._batch
        if batch.operation not in OPERATIONS or batch.all_or_none:
            whole = " as a whole" if batch.all_or_none else ""
            raise Stop(f"SAPOData can't take {batch.operation}{whole}: it takes {', '.join(OPERATIONS)}, one by one.")
        if batch.operation != "INSERT" and set(batch.id_fields) != set(self._keys):
            raise Stop(
                f"idFieldNames are {', '.join(batch.id_fields)}: records of {self._set.name} are found by their whole"
                f" key, {', '.join(self._keys)}. Write that, and map those fields."
            )

    def _refused(self, record: str) -> str | None:
        """Why the service does not take the record; None: it has."""
        try:
            if self._batch.operation == "INSERT":
                return self._told(self._inserted(record))
            key = self._form.key(record)
            if key is None:
                return f"The record lacks a value of its key, {', '.join(self._keys)}."
            answer = self._updated(record, key)
            if self._batch.operation == "UPSERT" and answer.status in _MISSING:
                answer = self._inserted(record)
        except msgspec.DecodeError:
            return "The record is no JSON object."
        return self._told(answer)

    def _inserted(self, record: str) -> Answer:
        return self._sent("POST", "", self._form.body(record), {}, is_repeatable=False)

    def _updated(self, record: str, key: str) -> Answer:
        # Whatever state the record is in: AppFlow's flows don't carry one.
        headers = {"if-match": "*"}
        return self._sent("PATCH" if self._is_v4 else "MERGE", key, self._form.body(record, self._keys), headers)

    def _sent(
        self, method: str, key: str, body: bytes, headers: dict[str, str], *, is_repeatable: bool = True
    ) -> Answer:
        request = Request(
            method,
            self._services.site.url(f"{self._service}/{self._set.name}{key}"),
            {"accept": "application/json", "content-type": "application/json", **headers},
            body,
            is_repeatable=is_repeatable,
            accepted=_REFUSING,
        )
        return self._tokens.send(self._service, request)

    def _told(self, answer: Answer) -> str | None:
        return None if answer.status < 300 else f"status {answer.status}: {said(answer)}"
