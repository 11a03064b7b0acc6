"""A Singer tap or Airbyte connector as a custom connector: AppFlow's requests answered by running its program."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from headrace.connector_sdk.hosts import Request
from headrace.connector_sdk.hosts.adapters.found import FOUND, Found
from headrace.connector_sdk.hosts.adapters.messages import Description, Order, Protocolled, Wanted
from headrace.connector_sdk.hosts.adapters.program import Program, Surroundings
from headrace.connector_sdk.hosts.adapters.reading import Reading
from headrace.connector_sdk.hosts.handed import Handed
from headrace.connector_sdk.lambda_answers import as_list, as_object
from headrace.errors import ConnectorError, NotThere, Retry, StartOver, Stop

Json = dict[str, Any]

_MARK = "isDefaultTimestampFieldForIncrementalQueries"
# Entities are often described one after the other, and to find them out takes seconds.
_KEPT_S = 60.0


@dataclass(frozen=True)
class Adapted:
    """What an adapter runs and where: its command line, what speaks its protocol, a file of settings if there is one.

    `secret` answers what a secret's ARN holds, None: nothing that this connector may read. `handed` learns what
    nobody may say aloud.
    """

    command: Sequence[str]
    protocol: Protocolled
    surroundings: Surroundings
    configuration: Path | None
    secret: Callable[[str], str | None]
    handed: Handed = field(default_factory=Handed)


class AdapterHost:
    """See Host and Streaming. Failures are raised, not answered."""

    def __init__(self, adapted: Adapted) -> None:
        self._adapted = adapted
        self._lock = threading.Lock()
        self._is_closed = False
        self._running: set[Program] = set()
        self._readings: dict[str, Reading] = {}
        self._description: Description | None = None
        self._known: tuple[str, float, Sequence[Found]] | None = None
        self._answers: Mapping[str, Callable[[Request], Json]] = {
            "DescribeConnectorConfigurationRequest": self._describe,
            "ValidateConnectorRuntimeSettingsRequest": self._check_settings,
            "ValidateCredentialsRequest": self._check,
            "ListEntitiesRequest": self._entities,
            "DescribeEntityRequest": self._entity,
            "QueryDataRequest": self._query,
        }

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:  # noqa: ARG002 - it only reads
        """See Host."""
        answer = self._answers.get(str(request.get("type")))
        if answer is None:
            raise Stop(f"{self._adapted.command[0]} only reads: it can't answer {request.get('type')}.")
        try:
            return {"isSuccess": True, "errorDetails": None, **answer(request)}
        except ConnectorError as error:
            error.args = (self._adapted.handed.hide(error.message),)
            raise

    def says_what_it_is(self) -> bool:
        """Whether the program told its settings; one that doesn't is told anything. Raises Retry or Stop."""
        return self._described().options.is_known

    def is_recognized(self) -> bool:
        """Whether a program that didn't looks by its help like one of the protocol. Raises Retry or Stop."""
        return self._adapted.protocol.recognizes(self._finished(None))

    def leave(self, token: str) -> None:
        """See Streaming."""
        with self._lock:
            found = self._readings.pop(token, None)
        if found is not None:
            found.close()

    def close(self) -> None:
        """See Host."""
        with self._lock:
            self._is_closed = True
            running = [*self._running]
            readings = [*self._readings.values()]
            self._readings.clear()
        for program in running:
            program.kill()
        for reading in readings:
            reading.close()

    def _describe(self, _: Request) -> Json:
        described = self._described(is_new=True)
        given = self._given()
        return {
            "connectorOwner": described.owner,
            "connectorName": described.name,
            "connectorVersion": described.version or "unknown",
            "connectorModes": ["SOURCE"],
            "supportedApiVersions": ["1"],
            "authenticationConfig": {
                "isCustomAuthSupported": True,
                "customAuthConfig": [
                    {
                        "authenticationType": described.owner,
                        "authParameters": described.options.parameters(given),
                    }
                ],
            },
            "connectorRuntimeSetting": described.options.settings(given),
            "supportedWriteOperations": [],
        }

    def _check_settings(self, request: Request) -> Json:
        configuration = self._configuration(_settings(request), {})
        if missing := self._described().options.missing(configuration, is_secret=False):
            raise Stop(f"These settings are missing: {', '.join(missing)}.")
        return {}

    def _check(self, request: Request) -> Json:
        configuration = self._authenticated(request)
        if missing := self._described().options.missing(configuration, is_secret=True):
            raise Stop(f"These credentials are missing: {', '.join(missing)}.")
        self._adapted.protocol.check(self._finished(request), configuration)
        return {}

    def _entities(self, request: Request) -> Json:
        return {"entities": [each.entity() for each in self._found(request, is_new=True)], "nextToken": None}

    def _entity(self, request: Request) -> Json:
        name = request.get("entityIdentifier")
        found = self._found(request, is_new=False)
        for each in found:
            if each.name == name:
                return {"entityDefinition": each.definition()}
        known = ", ".join(each.name for each in found[:20])
        raise NotThere(f"There is no entity {name}. There are: {known or 'none'}.")

    def _query(self, request: Request) -> Json:
        token = request.get("nextToken")
        reading = self._begun(request) if token is None else self._taken(str(token))
        try:
            page = reading.page(int(request.get("maxResults") or 1000))
            following = None if page.is_last else self._put_back(reading)
        except BaseException:
            reading.close()
            raise
        if following is None:
            reading.close()
        is_incremental = request.get("dataPullNextToken") is not None
        return {
            "records": page.records,
            "nextToken": following,
            "dataPullNextToken": page.bookmark if is_incremental else None,
        }

    def _begun(self, request: Request) -> Reading:
        order, hearing = self._adapted.protocol.reading(self._authenticated(request), _wanted(request))
        return Reading(self._started(order, request), hearing, self._adapted.surroundings.bounds)

    def _taken(self, token: str) -> Reading:
        with self._lock:
            found = self._readings.pop(token, None)
        if found is None:
            # It was ended, or it was begun by another process: nobody knows what a new one would give from there.
            raise StartOver("The program that was read from is gone, so everything is read again.")
        return found

    def _put_back(self, reading: Reading) -> str:
        token = uuid.uuid4().hex
        with self._lock:
            if self._is_closed:
                raise Retry("headrace is stopping.")
            self._readings[token] = reading
        return token

    def _found(self, request: Request, *, is_new: bool) -> Sequence[Found]:
        configuration = self._authenticated(request)
        mark = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
        known = self._known
        if known is None or is_new or known[0] != mark or monotonic() - known[1] > _KEPT_S:
            found = self._adapted.protocol.discover(self._finished(request), configuration)
            known = self._known = (mark, monotonic(), found)
        return known[2]

    def _described(self, *, is_new: bool = False) -> Description:
        if self._description is None or is_new:
            self._description = self._adapted.protocol.describe(self._finished(None))
        return self._description

    def _authenticated(self, request: Request) -> Json:
        credentials = as_object(_context(request).get("credentials")) or as_object(request.get("credentials")) or {}
        owner = str(credentials.get("secretArn"))
        text = self._adapted.secret(owner)
        held = as_object((as_object(json.loads(text)) if text else {}) or {}) or {}
        told = as_object(held.get("customCredentials")) or {}
        return self._configuration(_settings(request), {name: str(value) for name, value in told.items()}, owner)

    def _configuration(self, settings: Mapping[str, str], credentials: Mapping[str, str], owner: str = "") -> Json:
        options, made = self._described().options, self._given()
        for told in (settings, credentials):
            made = options.configuration(made, told, has_defaults=self._adapted.protocol.has_defaults)
        self._adapted.handed.add([*options.secrets(made), *credentials.values()], owner)
        return made

    def _given(self) -> Json:
        path = self._adapted.configuration
        if path is None:
            return {}
        try:
            found = as_object(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            raise Stop(f"The settings in {path} can't be read: {type(error).__name__}.") from None
        if found is None:
            raise Stop(f"{path} is no JSON object.")
        return found

    def _finished(self, request: Request | None) -> Callable[[Order, str], tuple[Sequence[bytes], int | None, str]]:
        return lambda order, what: self._run(order, what, request)

    def _run(self, order: Order, what: str, request: Request | None) -> tuple[Sequence[bytes], int | None, str]:
        """See Finished."""
        bounds = self._adapted.surroundings.bounds
        until = monotonic() + bounds.timeout_s
        lines: list[bytes] = []
        size_bytes = 0
        with closing(self._started(order, request)) as program:
            while (found := program.lines(max(until - monotonic(), 0.0))) is not None:
                lines += found
                size_bytes += sum(map(len, found))
                if size_bytes > bounds.answer_bytes:
                    raise Stop(f"{program.name} printed more than {bounds.answer_bytes} bytes ({what}).")
                if monotonic() >= until:
                    raise Retry(
                        f"{program.name} did not end within {bounds.timeout_s:g} s (HEADRACE_CONNECTOR_TIMEOUT;"
                        f" {what}).{program.last_words()}"
                    )
            code = program.exit_code()
            error = program.failure(what, code)
            if isinstance(error, Retry):
                raise error
            return lines, code, "" if code == 0 else error.message

    def _started(self, order: Order, request: Request | None) -> Program:
        adapted = self._adapted
        with self._lock:
            if self._is_closed:
                raise Retry("headrace is stopping.")
            self._running = {each for each in self._running if each.is_alive()}
            program = Program([*adapted.command, *order.arguments], adapted.surroundings, order.files, request)
            self._running.add(program)
        return program


def _context(request: Request) -> Json:
    return as_object(request.get("connectorContext")) or {}


def _settings(request: Request) -> dict[str, str]:
    given = _context(request) or request
    return {name: str(value) for name, value in (as_object(given.get("connectorRuntimeSettings")) or {}).items()}


def _wanted(request: Request) -> Wanted:
    definition = as_object(_context(request).get("entityDefinition")) or {}
    fields = [as_object(each) or {} for each in as_list(definition, "fields")]
    selected = as_list(request, "selectedFieldNames") or [each.get("fieldName") for each in fields]
    since = request.get("dataPullNextToken")
    found = (as_object(definition.get("customProperties")) or {}).get(FOUND)
    if not isinstance(found, str):
        raise Stop(f"What is known of the entity {request.get('entityIdentifier')} is not enough to read it.")
    return Wanted(
        entity=json.loads(found),
        fields=frozenset(map(str, selected)),
        since=None if since is None else str(since),
        cursor=next((str(each["fieldName"]) for each in fields if each.get(_MARK) is True), None),
        is_incremental=since is not None,
    )
