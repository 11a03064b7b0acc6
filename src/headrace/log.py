"""Structured log lines: text for people, JSON for machines, no secrets in either."""

from __future__ import annotations

import json
import logging
import re
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TextIO

Level = Literal["debug", "info", "warning", "error"]
REDACTED = "[redacted]"

_RANK: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_HIDDEN = (
    r"authorization|secret(?:[_-]?access)?[_-]?key|client[_-]?secret|secret|password|passwd|passphrase|private[_-]?key"
    r"|api[_-]?key|(?:access|refresh|session|security|bearer|auth|id)[_-]?token|credentials?|x-amz-signature|signature"
)
_SECRET_NAME = re.compile(rf"(?:^|[._\-])(?:{_HIDDEN})$|^(?:{_HIDDEN})", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# A cheap look that lets nearly every text through without the searches below.
_SUSPECT = (
    *("auth", "secret", "passw", "passphrase", "private", "key", "token", "credential", "signature"),
    *("bearer", "basic", "aws4", "@"),
)
_NUMBERS = (int, float)
_SIGNED = re.compile(r"AWS4-HMAC-SHA256[^\r\n]*", re.IGNORECASE)
_SCHEME = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9+/=._~\-]{6,}", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_ASSIGNED = re.compile(
    rf"((?:{_HIDDEN})[\"']?\s*(?:[=:]|%3[dD])\s*)(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;}}\])]+)", re.IGNORECASE
)


def _is_suspect(lower: str) -> bool:
    # Every field of every line comes here: a third of the time that any() takes.
    for word in _SUSPECT:  # noqa: SIM110
        if word in lower:
            return True
    return False


def redacted(text: str) -> str:
    """The text without what looks like a secret: signatures, tokens, passwords, keys."""
    if not _is_suspect(text.lower()):
        return text
    text = _SIGNED.sub(REDACTED, text)
    text = _SCHEME.sub(rf"\1 {REDACTED}", text)
    text = _USER_INFO.sub(REDACTED, text)
    return _ASSIGNED.sub(rf"\1{REDACTED}", text)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(_CAMEL.sub("_", name)) is not None


def _clean(name: str, value: Any) -> Any:
    if value is not None and _is_secret(name):
        return REDACTED
    # First what most fields are: looking for a Mapping is slow.
    if isinstance(value, str):
        return redacted(value)
    if value is None or isinstance(value, _NUMBERS):
        return value
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_clean(name, each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return redacted(str(value))


class Log:
    """Writes one line an event: the time, the level, the event in a few words, and named fields.

    Safe to use from several threads. `now` gives aware UTC instants. A stream that fails (a closed
    pipe) never fails its caller: the line is lost.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        form: Literal["text", "json"] = "text",
        level: Level = "info",
    ) -> None:
        self._stream = stream
        self._now = now
        self._line = _json_line if form == "json" else _text_line
        self._least = _RANK[level]
        self._lock = threading.Lock()
        self._fields: Mapping[str, Any] = {}

    def bind(self, **fields: Any) -> Log:
        """A log whose every line also carries these fields, such as flow, execution or request id."""
        bound = Log.__new__(Log)
        bound.__dict__.update(self.__dict__)
        bound._fields = {**self._fields, **fields}
        return bound

    def debug(self, event: str, **fields: Any) -> None:
        """For whoever looks for a fault."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """What happens in a healthy service."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Somebody may have to look at it."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Somebody has to look at it."""
        self._write("error", event, fields)

    def failure(self, event: str, error: BaseException, **fields: Any) -> None:
        """An error line with the traceback of `error`."""
        lines = "".join(traceback.format_exception(error)).rstrip()
        self._write("error", event, {**fields, "traceback": lines})

    def write(self, level: Level, event: str, fields: Mapping[str, Any]) -> None:
        """A line of a level that is only known when it is written."""
        self._write(level, event, fields)

    def infos(self, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Lines as `info` writes them, each an event and its fields, by one call of the system."""
        if _RANK["info"] >= self._least:
            self._put("".join([self._worded("info", event, fields) for event, fields in lines]))

    def _write(self, level: Level, event: str, fields: Mapping[str, Any]) -> None:
        if _RANK[level] >= self._least:
            self._put(self._worded(level, event, fields))

    def _worded(self, level: Level, event: str, fields: Mapping[str, Any]) -> str:
        shown = {name: _clean(name, value) for name, value in fields.items() if value is not None}
        if self._fields:
            bound = {name: _clean(name, value) for name, value in self._fields.items() if value is not None}
            shown = {**bound, **shown}
        return self._line(self._now(), level, redacted(event), shown)

    def _put(self, text: str) -> None:
        with self._lock:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                return


def silent() -> Log:
    """A log that drops every line."""
    return Log(_Nowhere())


class _Nowhere(TextIO):
    """A stream that keeps nothing."""

    def write(self, s: str, /) -> int:
        return len(s)

    def flush(self) -> None:
        return


def _instant(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Made once: json.dumps makes an encoder a call.
_encode = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode


def _json_line(now: datetime, level: str, event: str, fields: Mapping[str, Any]) -> str:
    line = {"time": _instant(now), "level": level, "event": event, **fields}
    return _encode(line) + "\n"


def _text_line(now: datetime, level: str, event: str, fields: Mapping[str, Any]) -> str:
    shown = dict(fields)
    lines = shown.pop("traceback", None)
    parts = [f"{_instant(now)} {level.upper():<7} {event}", *(f"{name}={_shown(shown[name])}" for name in shown)]
    return "  ".join(parts) + "\n" + (f"{lines}\n" if lines else "")


def _shown(value: Any) -> str:
    if type(value) is int:
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    # Quoting keeps one event on one line, whatever a name or message holds.
    return text if text.isprintable() and text and " " not in text else json.dumps(text, ensure_ascii=False)


class LibraryLog(logging.Handler):
    """Passes what libraries log through the standard library on to a Log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record, at the nearest level of ours."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        if record.levelno < logging.WARNING:
            level = "debug"
        if record.exc_info and record.exc_info[1] is not None:
            self._log.failure(record.getMessage(), record.exc_info[1], library=record.name)
            return
        self._log.write(level, record.getMessage(), {"library": record.name})
