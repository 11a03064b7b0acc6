"""Checks of what a connector refuses, and of what it says then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from headrace.connector_sdk import lambda_answers as answers
from headrace.connector_sdk.conformance.bench import Bench, FaultError, NotApplicableError, faulty, must_raise
from headrace.connector_sdk.conformance.describing import NOBODY
from headrace.connector_sdk.records import Connection, Credentials
from headrace.errors import ConnectorError, Refused, Stop

# Shorter ones are in ordinary words.
_SHORTEST = 6


def takes_its_connection(bench: Bench) -> None:
    """It takes the settings and the credentials of its connection."""
    try:
        bench.tried(bench.subject.connection)
    except ConnectorError as error:
        raise FaultError(error.message) from error


def refuses_bad_credentials(bench: Bench) -> None:
    """Credentials that the application does not know are refused as such."""
    bad = _with_bad_credentials(bench)
    if bad is None:
        raise NotApplicableError("it has no credentials")
    must_raise(Refused, "trying them", lambda: bench.tried(bad))


def refuses_bad_settings(bench: Bench) -> None:
    """A setting of the profile that is missing or of another type is refused."""
    if bench.subject.configuration is None:
        raise NotApplicableError("a built-in connector declares no settings")
    tries = list(_with_bad_settings(bench))
    if not tries:
        raise NotApplicableError("it declares no setting of the profile that could be wrong")
    for what, bad in tries:
        must_raise(Stop, what, lambda bad=bad: bench.tried(bad))


def keeps_secrets(bench: Bench) -> None:
    """No error and no log line has a secret in it."""
    subject = bench.subject
    given = (subject.connection, *filter(None, (_with_bad_credentials(bench),)))
    secrets = {secret for each in given for secret in _secrets(each)}
    if not secrets:
        raise NotApplicableError("it has no credentials that are secret")
    said = [*_provoked(bench), *subject.lines()]
    leaks = [text for text in said if any(secret in text for secret in secrets)]
    faulty([f"it said: {_hidden(text, secrets)[:200]}" for text in leaks])


def _provoked(bench: Bench) -> Iterator[str]:
    bad = [_with_bad_credentials(bench), *(each for _, each in _with_bad_settings(bench))]
    calls: list[Callable[[], object]] = [
        lambda: bench.connector.describe(NOBODY),
        lambda: bench.look(bench.query(NOBODY)),
        lambda: [bench.look(bench.query(entity)) for entity in bench.readable()],
        *(lambda each=each: bench.tried(each) for each in bad if each is not None),
    ]
    for call in calls:
        with suppress(NotApplicableError):
            try:
                call()
            except ConnectorError as error:
                yield error.message


def _secrets(connection: Connection) -> Iterator[str]:
    yield from (secret for secret in connection.credentials.secrets.values() if len(secret) >= _SHORTEST)


def _hidden(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "<a secret>")
    return text


def _with_bad_credentials(bench: Bench) -> Connection | None:
    """The connection with other secrets; None where it has none. A secret of its own: others may be using the real."""
    held = bench.subject.connection
    secret = held.credentials.secrets
    if not secret:
        return None
    # Nobody's: the real one may not be sent to be refused.
    values = {
        name: "nobodys-credential-5d1e" if name in secret else text for name, text in held.credentials.values.items()
    }
    return replace(
        held, credentials=Credentials(held.credentials.kind, values), secret_arn=f"{held.secret_arn}-conformance"
    )


def _with_bad_settings(bench: Bench) -> Iterator[tuple[str, Connection]]:
    held = bench.subject.connection
    for setting in map(
        answers.as_object, answers.as_list(bench.subject.configuration or {}, "connectorRuntimeSetting")
    ):
        given: Mapping[str, Any] = setting or {}
        key = str(given.get("key"))
        if given.get("scope") != "CONNECTOR_PROFILE":
            continue
        if given.get("required") is True:
            rest = {name: text for name, text in held.properties.items() if name != key}
            yield f"leaving {key} out", replace(held, properties=rest)
        if given.get("dataType") in {"Integer", "Boolean", "Double"}:
            yield f"giving {key} as text", replace(held, properties={**held.properties, key: "no such value"})


REFUSING = (takes_its_connection, refuses_bad_credentials, refuses_bad_settings)
