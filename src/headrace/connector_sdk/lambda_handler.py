"""An authored connector as a handler of AppFlow's Lambda contract: for headrace, AWS Lambda and plain HTTP alike."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from headrace.connector_sdk import authored_shapes
from headrace.connector_sdk.authored import AuthoredConnector, setting_faults
from headrace.connector_sdk.authoring import Authored
from headrace.connector_sdk.lambda_requests import BadRequest, Given, batches, connection_of, given, query_of
from headrace.connector_sdk.lambda_secrets import ReadSecret, read_secret
from headrace.connector_sdk.records import Page, Rejection
from headrace.connector_sdk.retrieving import retrieved
from headrace.errors import ConnectorError, NotThere, Refused, Retry

Json = dict[str, Any]
Handler = Callable[[Mapping[str, Any], object], Json]

_ALL_WELL: Json = {"isSuccess": True, "errorDetails": None}


def lambda_handler(connector: type[Authored], *, secrets: ReadSecret = read_secret) -> Handler:
    """What answers for the connector, to be assigned to a name of its module.

    Errors of a connector become errorDetails; any other exception is a fault of its code and is raised, so that
    whoever runs the handler logs its traceback. Credentials are fetched by `secrets` when first looked at.
    """
    answers = _Answers(connector, secrets)

    def handle(event: Mapping[str, Any], context: object) -> Json:
        try:
            return answers.to(given(event), context)
        except ConnectorError as error:
            return {"isSuccess": False, "errorDetails": _details(error)}

    return handle


class _Answers:
    """One method for each type of request."""

    def __init__(self, connector: type[Authored], secrets: ReadSecret) -> None:
        self._connector = connector
        self._secrets = secrets

    def to(self, request: Given, context: object) -> Json:
        kinds: Mapping[str, Callable[[Given], Json]] = {
            "DescribeConnectorConfigurationRequest": self._configuration,
            "ValidateConnectorRuntimeSettingsRequest": self._settings,
            "ValidateCredentialsRequest": self._credentials,
            "ListEntitiesRequest": self._entities,
            "DescribeEntityRequest": self._entity,
            "QueryDataRequest": self._query,
            "RetrieveDataRequest": self._retrieve,
            "WriteDataRequest": lambda request: self._write(request, context),
        }
        kind = request.text("type")
        if kind not in kinds:
            raise BadRequest(f"The request's type is {kind!r}: allowed are {', '.join(kinds)}.")
        return _ALL_WELL | kinds[kind](request)

    def _open(self, request: Given) -> AuthoredConnector:
        return AuthoredConnector(self._connector, connection_of(request, self._secrets))

    def _configuration(self, _: Given) -> Json:
        return authored_shapes.configuration(self._connector)

    def _settings(self, request: Given) -> Json:
        scope = cast("Any", request.text("scope"))
        faults = setting_faults(self._connector.settings, scope, request.texts("connectorRuntimeSettings"))
        if not faults:
            return {"errorsByInputField": None}
        error = BadRequest("Some settings will not do")
        return {"isSuccess": False, "errorDetails": _details(error), "errorsByInputField": faults}

    def _credentials(self, request: Given) -> Json:
        self._open(request).check()
        return {}

    def _entities(self, request: Given) -> Json:
        found = self._open(request).listed(request.maybe_text("entitiesPath"))
        start, most = request.number("nextToken", 0), request.number("maxResult", len(found) or 1)
        page = found[start : start + most]
        token = str(start + most) if start + most < len(found) else None
        return {"entities": list(page), "nextToken": token, "cacheControl": self._cache_control()}

    def _entity(self, request: Given) -> Json:
        found = self._open(request).definition(request.text("entityIdentifier"))
        return {"entityDefinition": found, "cacheControl": self._cache_control()}

    def _query(self, request: Given) -> Json:
        pages = self._open(request).read(query_of(request))
        # One request is one page: the next begins at its position, whoever answers it.
        page = next(pages, Page(()))
        return {"records": list(page.records), "nextToken": page.position, "dataPullNextToken": page.bookmark}

    def _retrieve(self, request: Given) -> Json:
        pages = self._open(request).read(query_of(request))
        found = retrieved(pages, request.text("idFieldName"), request.strings("ids"))
        return {"records": list(found)}

    def _write(self, request: Given, context: object) -> Json:
        key = _batch_key(context)
        opened = self._open(request)
        refused: list[Rejection] = []
        for start, batch in batches(request, key, opened.batch_size):
            refused += [Rejection(start + each.place, each.reason) for each in opened.write(batch)]
        return _written(len(request.strings("records")), refused)

    def _cache_control(self) -> Json:
        return {"timeToLive": self._connector.metadata_holds_s, "timeToLiveUnit": "SECONDS"}


def _written(count: int, refused: Sequence[Rejection]) -> Json:
    reasons = {each.place: each.reason for each in refused}
    results = [
        {"isSuccess": place not in reasons, "recordId": None, "errorMessage": reasons.get(place)}
        for place in range(count)
    ]
    if not refused:
        return {"writeRecordResults": results}
    details = {
        "errorCode": "PartialWriteFailure",
        "errorMessage": f"{len(refused)} of {count} records were refused",
        "retryAfterSeconds": None,
    }
    return {"isSuccess": False, "errorDetails": details, "writeRecordResults": results}


def _details(error: ConnectorError) -> Json:
    after_s = error.after_s if isinstance(error, Retry) else None
    return {
        "errorCode": _code(error),
        "errorMessage": error.message,
        "retryAfterSeconds": None if after_s is None else math.ceil(after_s),
    }


def _code(error: ConnectorError) -> str:
    if isinstance(error, Retry):
        return "ServiceUnavailable" if error.after_s is None else "RateLimitExceeded"
    codes = {Refused: "InvalidCredentials", NotThere: "ResourceNotFoundError", BadRequest: "InvalidArgument"}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), "ClientError")


def _batch_key(context: object) -> str:
    """The key that the caller gave the batch in the Lambda client context; where it gave none, one of its own."""
    custom: object = getattr(getattr(context, "client_context", None), "custom", None)
    held = cast("Mapping[str, object]", custom).get("batchKey") if isinstance(custom, Mapping) else None
    return held if isinstance(held, str) and held else uuid.uuid4().hex
