"""AppFlow's requests to a Lambda function, read: strictly where a wrong value would read or write the wrong thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from headrace.connector_sdk.lambda_secrets import ReadSecret, SecretValues
from headrace.connector_sdk.records import (
    Batch,
    Connection,
    CredentialKind,
    Credentials,
    Query,
    WriteOperation,
)
from headrace.errors import Stop

Json = Mapping[str, Any]
_PAGE_SIZE = 1000
_TIMESTAMP = "isDefaultTimestampFieldForIncrementalQueries"


class BadRequest(Stop):
    """A request that a connector can't make sense of, or settings that will not do."""


@dataclass(frozen=True)
class Given:
    """An object of a request; null and absent are the same."""

    members: Json

    def text(self, name: str) -> str:
        """The member, a text that is there. Raises BadRequest."""
        found = self.maybe_text(name)
        if found is None:
            raise BadRequest(f"`{name}` is missing: give a text.")
        return found

    def maybe_text(self, name: str) -> str | None:
        """The member, a text or none."""
        found = self.members.get(name)
        if found is None or isinstance(found, str):
            return found or None
        raise BadRequest(f"`{name}` is {found!r}: give a text.")

    def number(self, name: str, usual: int) -> int:
        """The member, a number from 0, or the text of one."""
        found = self.members.get(name)
        if found is None:
            return usual
        if not str(found).isdecimal():
            raise BadRequest(f"`{name}` is {found!r}: give a whole number.")
        return int(found)

    def strings(self, name: str) -> tuple[str, ...]:
        """The member, a list of texts; empty where it is not there."""
        found = self.members.get(name)
        held = cast("list[object]", found) if isinstance(found, list) else [] if found is None else [None]
        if all(isinstance(each, str) for each in held):
            return tuple(cast("list[str]", held))
        raise BadRequest(f"`{name}` must be a list of texts.")

    def texts(self, name: str) -> dict[str, str]:
        """The member, a mapping of texts; values that are none become texts."""
        found = self.object(name).members
        return {key: _text(value) for key, value in found.items() if value is not None}

    def object(self, name: str) -> Given:
        """The member, an object; empty where it is not there."""
        found = self.members.get(name)
        if found is None or isinstance(found, Mapping):
            return Given(cast("Json", found or {}))
        raise BadRequest(f"`{name}` must be an object.")


def given(event: object) -> Given:
    """The request. Raises BadRequest for what is no object."""
    if not isinstance(event, Mapping):
        raise BadRequest("A request is a JSON object with a `type`.")
    return Given(cast("Json", event))


def connection_of(request: Given, secrets: ReadSecret) -> Connection:
    """The connection that a request comes with; its credentials are fetched when they are looked at."""
    holder = request.object("connectorContext") if "connectorContext" in request.members else request
    credentials = holder.object("credentials")
    arn = credentials.maybe_text("secretArn") or ""
    kind = credentials.maybe_text("authenticationType") or "CustomAuth"
    if kind not in get_args(CredentialKind):
        raise BadRequest(f"`authenticationType` is {kind!r}: allowed are {', '.join(get_args(CredentialKind))}.")
    places = [*arn.split(":"), *[""] * 5]
    return Connection(
        account=places[4],
        region=places[3],
        profile_name=holder.maybe_text("connectorProfileLabel") or "",
        connector_type="CustomConnector",
        connector_label=None,
        properties=holder.texts("connectorRuntimeSettings"),
        credentials=Credentials(cast("CredentialKind", kind), SecretValues(arn, secrets)),
        secret_arn=arn,
    )


def query_of(request: Given) -> Query:
    """A QueryData or RetrieveData request as a query."""
    context = request.object("connectorContext")
    return Query(
        entity=request.text("entityIdentifier"),
        fields=_fields(request),
        filter_expression=request.maybe_text("filterExpression"),
        after=request.maybe_text("nextToken"),
        page_size=request.number("maxResults", _PAGE_SIZE) or _PAGE_SIZE,
        flow_name=context.maybe_text("flowName") or "",
        execution_id=context.maybe_text("executionId") or "",
        api_version=context.maybe_text("apiVersion"),
        settings=context.texts("connectorRuntimeSettings"),
        since=request.maybe_text("dataPullNextToken"),
        timestamp_field=_timestamp_field(context),
    )


def batches(request: Given, key: str, most: int) -> Iterator[tuple[int, Batch]]:
    """A WriteData request in batches of at most `most` records, each with the place of its first record."""
    records, all_or_none = request.strings("records"), request.members.get("allOrNone") is True
    operation = request.text("operation")
    if operation not in get_args(WriteOperation):
        raise BadRequest(f"`operation` is {operation!r}: allowed are {', '.join(get_args(WriteOperation))}.")
    if all_or_none and len(records) > most:
        raise BadRequest(f"`allOrNone` with {len(records)} records: the connector writes {most} at once, send fewer.")
    context = request.object("connectorContext")
    for start in range(0, len(records), most):
        yield (
            start,
            Batch(
                key=f"{key}/{start}",
                entity=request.text("entityIdentifier"),
                operation=cast("WriteOperation", operation),
                id_fields=request.strings("idFieldNames"),
                records=records[start : start + most],
                flow_name=context.maybe_text("flowName") or "",
                execution_id=context.maybe_text("executionId") or "",
                api_version=context.maybe_text("apiVersion"),
                settings=context.texts("connectorRuntimeSettings"),
                all_or_none=all_or_none,
            ),
        )


def _fields(request: Given) -> tuple[str, ...] | None:
    """None: all of them. The id field of a RetrieveData is read too."""
    found = request.strings("selectedFieldNames")
    own = request.maybe_text("idFieldName")
    return None if not found else tuple(dict.fromkeys((*found, *((own,) if own else ()))))


def _timestamp_field(context: Given) -> str | None:
    """The field that the definition marks as the one by which an incremental flow goes."""
    fields = context.object("entityDefinition").members.get("fields")
    for each in cast("list[object]", fields) if isinstance(fields, list) else ():
        field = given(each)
        if field.members.get(_TIMESTAMP) is True:
            return field.maybe_text("fieldName")
    return None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
