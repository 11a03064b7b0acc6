"""What an application's answers of failure look like, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headrace.connector_sdk.http.messages import Answer
from headrace.connector_sdk.http.verdicts import LONGEST_WORDS, failure, sent_at, words
from headrace.connector_sdk.rest.bodies import Body, Path
from headrace.errors import ConnectorError, Denied, NotThere, Refused, Retry, Stop

Meaning = Literal["again", "refused", "denied", "not there", "nothing", "stop"]

_NAME = re.compile(r"\{([\w.]+)\}")
_KINDS: Mapping[Meaning, type[ConnectorError]] = {
    "again": Retry,
    "refused": Refused,
    "denied": Denied,
    "not there": NotThere,
    "stop": Stop,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a failure with one of the codes, or else of the statuses, means.

    "again": the same request may succeed later; "refused": the credentials are; "denied": they are good, but not for
    this; "not there": what was asked for is; "nothing": there are no records, which is no failure. `advice` is what
    to do about it, a sentence in which {names} are members of the answer.
    """

    meaning: Meaning
    codes: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Where an answer says how long to wait, beside Retry-After: in a header, or at a place of its body.

    As a number of seconds, or as an instant counted from 1970 in seconds or milliseconds.
    """

    header: str | None = None
    at: Path | None = None
    form: Literal["seconds", "epoch_s", "epoch_ms"] = "seconds"

    def seconds(self, answer: Answer, body: Body | None) -> float | None:
        """How long; None: it doesn't say."""
        given = None if self.header is None else answer.headers.get(self.header)
        if given is None and body is not None and self.at is not None:
            given = body.text(self.at)
        try:
            number = float(given or "")
            if self.form == "seconds":
                return number
            return number / (1000 if self.form == "epoch_ms" else 1) - sent_at(answer).timestamp()
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class Faults:
    """How failures are told from successes, and from one another.

    `failed`: an answer of success whose member has this value is a failure, ("ok", False). `code` and `words` are
    where the application's code and sentence lie. The first of `known` that fits decides; else the status does.
    `wait` is the application's own way of saying how long to wait.
    """

    failed: tuple[Path, Any] | None = None
    code: Path | None = None
    words: Path | None = None
    known: tuple[Fault, ...] = ()
    wait: Wait | None = None

    def judge(self, answer: Answer) -> ConnectorError | None:
        """See Judge."""
        is_success = answer.status < 300
        if is_success and self.failed is None:
            return None
        body = _body(answer)
        if is_success and not self._is_failed(body):
            return None
        code = self._code(body)
        fault = self._fault(code, answer.status)
        said = self._said(answer, body, code)
        after_s = None if self.wait is None else self.wait.seconds(answer, body)
        if fault is None:
            return failure(answer, said, Stop if is_success else None, after_s)
        if fault.meaning == "nothing":
            return None
        advice = _NAME.sub(lambda found: (body and body.text(found[1])) or "?", fault.advice)
        return failure(answer, f"{said}. {advice}" if advice else said, _KINDS[fault.meaning], after_s)

    def is_nothing(self, answer: Answer) -> bool:
        """Whether an answer that is no failure says that there are no records."""
        if not any(fault.meaning == "nothing" for fault in self.known):
            return False
        fault = self._fault(self._code(_body(answer)), answer.status)
        return fault is not None and fault.meaning == "nothing"

    def said(self, answer: Answer) -> str:
        """The application's own words about a failure."""
        body = _body(answer)
        return self._said(answer, body, self._code(body))[:LONGEST_WORDS]

    def _code(self, body: Body | None) -> str | None:
        return None if body is None or self.code is None else body.text(self.code)

    def _is_failed(self, body: Body | None) -> bool:
        return body is not None and self.failed is not None and body.value(self.failed[0]) == self.failed[1]

    def _said(self, answer: Answer, body: Body | None, code: str | None) -> str:
        said = None if body is None or self.words is None else body.text(self.words)
        if code is None and said is None:
            return words(answer)
        return ": ".join(" ".join(each.split()) for each in (code, said) if each)

    def _fault(self, code: str | None, status: int) -> Fault | None:
        for fault in self.known:
            if (code in fault.codes if fault.codes else True) and (not fault.statuses or status in fault.statuses):
                return fault
        return None


BY_STATUS = Faults()


def _body(answer: Answer) -> Body | None:
    """The JSON of the answer; None: it is none, which whoever reads it will say."""
    try:
        return Body(answer)
    except (Retry, Stop):
        return None
