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


def failure(answer: Answer, said: str, kind: type[ConnectorError] | None = None) -> ConnectorError:
    """The error of an answer with what it said; `kind` None: what its status means."""
    message = f"{answer.where} answered status {answer.status}: {said[:LONGEST_WORDS]}"
    if kind is None:
        kind = Retry if answer.status in _AGAIN else _KINDS.get(answer.status, Stop)
    return Retry(message, after_s=retry_after_s(answer)) if issubclass(kind, Retry) else kind(message)


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
        seconds = float(given) if given.replace(".", "", 1).isdigit() else _until(given, answer.headers.get("date"))
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_AFTER_S)


def _until(date: str, sent: str | None) -> float:
    """Seconds from when the answer was sent, by the server's own clock, to the date. Raises ValueError."""
    now = parsedate_to_datetime(sent) if sent else datetime.now(UTC)
    return (_aware(parsedate_to_datetime(date)) - _aware(now)).total_seconds()


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
