"""What an answer that is no success means, in the application's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from headrace.connector_sdk.http.messages import Answer
from headrace.errors import ConnectorError, Denied, NotThere, Refused, Retry, Stop

LONGEST_WORDS = 500
_AGAIN = frozenset({408, 423, 425, 429, 500, 502, 503, 504})
_KINDS: Mapping[int, type[Stop]] = {401: Refused, 403: Denied, 404: NotThere, 410: NotThere}
_LONGEST_AFTER_S = 86_400.0
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
# Where applications put a sentence about what went wrong, the likeliest first.
_SAYING = ("message", "error_description", "detail", "error", "title", "code", "errors")

# What an answer means; None: it is a success.
Judge = Callable[[Answer], ConnectorError | None]


def by_status(answer: Answer) -> ConnectorError | None:
    """The meaning of the status alone."""
    if answer.status < 300:
        return None
    return failure(answer, words(answer))


def failure(
    answer: Answer, said: str, kind: type[ConnectorError] | None = None, after_s: float | None = None
) -> ConnectorError:
    """The error of an answer with what it said.

    `kind` None: what its status means. `after_s` None: what its Retry-After says.
    """
    message = f"{answer.where} answered status {answer.status}: {said[:LONGEST_WORDS]}"
    if kind is None:
        kind = Retry if answer.status in _AGAIN else _KINDS.get(answer.status, Stop)
    if not issubclass(kind, Retry):
        return kind(message)
    return Retry(message, after_s=retry_after_s(answer) if after_s is None else bounded_s(after_s))


def words(answer: Answer) -> str:
    """The application's own words, on one line."""
    if "html" in answer.kind or answer.body[:1] == b"<":
        title = _TITLE.search(answer.body[:10_000])
        return f"a page titled {_line(title[1].decode('utf-8', 'replace'))!r}" if title else "a page of HTML or XML"
    try:
        return _line(_sentence(json.loads(answer.body)) or answer.start)
    except (ValueError, RecursionError):
        return answer.start


def retry_after_s(answer: Answer) -> float | None:
    """How long the answer asks to wait, from Retry-After in seconds or as a date; None: it doesn't say."""
    given = answer.headers.get("retry-after", "").strip()
    try:
        return bounded_s(float(given) if given.replace(".", "", 1).isdigit() else _until(given, answer))
    except (ValueError, OverflowError):
        return None


def bounded_s(seconds: float) -> float:
    """No time before now, and none that nobody would wait for."""
    return min(max(seconds, 0.0), _LONGEST_AFTER_S)


def sent_at(answer: Answer) -> datetime:
    """When the answer was sent, by the server's own clock. Raises ValueError where it does not say."""
    return _aware(parsedate_to_datetime(answer.headers.get("date", "")))


def _until(date: str, answer: Answer) -> float:
    """Seconds from when the answer was sent to the date. Raises ValueError."""
    return (_aware(parsedate_to_datetime(date)) - sent_at(answer)).total_seconds()


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _sentence(value: object) -> str | None:
    """The first sentences in a decoded answer."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        said = (_sentence(given[name]) for name in _SAYING if name in given)
        return ": ".join(dict.fromkeys(each for each in said if each)) or None
    if isinstance(value, Sequence) and value:
        return _sentence(cast("Sequence[Any]", value)[0])
    return None if value is None or isinstance(value, Sequence) else str(value)


def _line(text: str) -> str:
    return " ".join(text[: 4 * LONGEST_WORDS].split())
