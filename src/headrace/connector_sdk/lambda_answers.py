"""What a custom connector answers: read tolerantly, refused in its own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from headrace.connector_sdk.records import Page, Rejection
from headrace.errors import ConnectorError, NotThere, Refused, Retry, Stop
from headrace.log import redacted

Json = dict[str, Any]

# Sent where there is neither an answer nor an error. Source: observed in AppFlow.
NO_VALID_RESPONSE = "Got error from connector. No valid response and error details found in the connector response."
PARTIAL = "PartialWriteFailure"
_AGAIN = frozenset({"RequestTimeout", "RateLimitExceeded", "ServiceUnavailable", "ServerError"})
_LONGEST_WORDS = 1000

_SECONDS = {
    "NANOSECONDS": 1e-9,
    "MICROSECONDS": 1e-6,
    "MILLISECONDS": 1e-3,
    "SECONDS": 1.0,
    "MINUTES": 60.0,
    "HOURS": 3600.0,
    "DAYS": 86_400.0,
}
# Source: the connector SDK: an hour where the connector says nothing, never less than ten minutes.
_USUAL_TTL_S, _LEAST_TTL_S = 3600.0, 600.0


def checked(answer: object) -> Json:
    """The answer, if it says that all went well; else raises Retry or Stop by its errorCode."""
    given = as_object(answer)
    if given is None:
        raise Stop(f"{NO_VALID_RESPONSE} The answer is {_kind(answer)}, not an object.")
    if given.get("isSuccess") is True:
        return given
    raise failure(given)


def failure(given: Mapping[str, Any]) -> ConnectorError:
    """The error that an unsuccessful answer means, with the connector's own words."""
    details = as_object(given.get("errorDetails")) or {}
    code, words = details.get("errorCode"), details.get("errorMessage")
    fields = as_object(given.get("errorsByInputField")) or {}
    said = [str(words)] if words else []
    said += [f"{name}: {fault}" for name, fault in fields.items()]
    if not code and not said:
        return Stop(f"{NO_VALID_RESPONSE} The answer has the members: {', '.join(given) or 'none'}.")
    # The code comes last: in a log, what follows `InvalidCredentials:` would be taken for a secret.
    message = f"{spoken('; '.join(said)) or 'the connector gave no message'} ({code or 'UnknownError'})"
    if code in _AGAIN:
        return Retry(message, after_s=_seconds(details.get("retryAfterSeconds")))
    kinds = {"InvalidCredentials": Refused, "ResourceNotFoundError": NotThere}
    return kinds.get(str(code), Stop)(message)


def spoken(words: str) -> str:
    """A connector's words as they may be shown: bounded, without what looks like a secret."""
    return redacted(words[:_LONGEST_WORDS]) + ("…" if len(words) > _LONGEST_WORDS else "")


def page(answer: object) -> Page:
    """The records of a QueryData answer. One that is not a JSON text comes as the text that it would be."""
    given = checked(answer)
    records = [each if isinstance(each, str) else json.dumps(each) for each in as_list(given, "records")]
    return Page(tuple(records), token(given), token(given, "dataPullNextToken"))


def token(given: Mapping[str, Any], member: str = "nextToken") -> str | None:
    """The token; an empty one counts as none."""
    found = given.get(member)
    return None if found is None or found == "" else str(found)


def rejections(answer: object, count: int, connector: str) -> tuple[Rejection, ...]:
    """Which of `count` records a WriteData answer refuses. Raises Retry or Stop where it says no such thing.

    An answer of success may name no records at all; one that names any has to name all of them, or it says nothing of
    the records that it leaves out. A record's own result counts, whatever is said of the whole.
    """
    given = as_object(answer)
    if given is None or not (given.get("isSuccess") is True or _code(given) == PARTIAL):
        checked(answer)
        raise Stop(NO_VALID_RESPONSE)
    results = _results(as_list(given, "writeRecordResults"), count, connector)
    refused = [(place, each) for place, each in enumerate(results) if each["isSuccess"] is False]
    if _code(given) == PARTIAL and not refused:
        raise Stop(f"The connector {connector} answered {PARTIAL} and refused no record: {failure(given).message}")
    return tuple(Rejection(place, _reason(each, given)) for place, each in refused)


def time_to_live_s(given: Mapping[str, Any]) -> float:
    """How long the metadata holds, from cacheControl."""
    control = as_object(given.get("cacheControl")) or {}
    amount, unit = control.get("timeToLive"), control.get("timeToLiveUnit") or "SECONDS"
    if not isinstance(amount, int | float) or unit not in _SECONDS:
        return _USUAL_TTL_S
    return max(amount * _SECONDS[unit], _LEAST_TTL_S)


def as_object(value: object) -> Json | None:
    return cast("Json", value) if isinstance(value, dict) else None


def as_list(given: Mapping[str, Any], member: str) -> Sequence[Any]:
    """The member as a list; null and absent are an empty one. Raises Stop for anything else."""
    found = given.get(member)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise Stop(f"{NO_VALID_RESPONSE} `{member}` is {_kind(found)}, not a list.")
    return cast("list[Any]", found)


def _code(given: Mapping[str, Any]) -> object:
    return (as_object(given.get("errorDetails")) or {}).get("errorCode")


def _results(given: Sequence[object], count: int, connector: str) -> Sequence[Json]:
    """The results, one for each of `count` records or none at all. Raises Stop where some record has none."""
    results = [each for each in map(as_object, given) if each is not None and isinstance(each.get("isSuccess"), bool)]
    if given and not len(given) == len(results) == count:
        raise Stop(
            f"The connector {connector} answered {len(given)} results in `writeRecordResults` for {count} records,"
            f" {len(results)} of them objects that say by `isSuccess` whether the record was written: so which records"
            " were written and which were refused can't be known. Look them up in the application before you run the"
            " flow again, and let the connector answer one such object for each record, in their order, or an empty"
            " list where all were written."
        )
    return results


def _reason(result: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    return spoken(str(result.get("errorMessage") or failure(given).message))


def _seconds(value: object) -> float | None:
    try:
        seconds = float(cast("Any", value))
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < 86_400 else None


def _kind(value: object) -> str:
    kinds = {"str": "text", "bool": "a boolean", "int": "a number", "float": "a number", "list": "a list"}
    return "null" if value is None else kinds.get(type(value).__name__, "an object")
