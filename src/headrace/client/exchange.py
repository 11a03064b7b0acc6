"""A call from its input to its output: signing, retries and corrections, without input or output of its own.

What needs the network, time or a file is yielded as a step; `driving` takes the steps, in one way for each
of the two clients, which therefore can't differ.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from headrace.client.answers import error_of, output_of, server_time
from headrace.client.credentials import Keys
from headrace.client.endpoints import Endpoint
from headrace.client.errors import CallError, ClockSkewed, ConnectionFailed, CredentialsExpired, UnreadableAnswer
from headrace.client.requests import request_of
from headrace.client.signing import Credentials, host_of, signed
from headrace.client.structure import Input, O_co
from headrace.client.transport import Reply, Request
from headrace.clock import Clock
from headrace.errors import ServiceError, ThrottlingException

T = TypeVar("T")
Failure = ServiceError | CallError

# So far apart may the two clocks be before a refusal is put down to them.
_SKEW = timedelta(minutes=4)


class Send:
    """Answered with a Reply, or ConnectionFailed is thrown in."""

    def __init__(self, request: Request) -> None:
        self.request = request


class Wait:
    """Answered after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Do:
    """Answered with what the function returns, which may take its time."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function


Steps = Generator[Send | Wait | Do, Any, T]


class Retrying(NamedTuple):
    """How often, and after how long, a call is sent again.

    The n-th wait is drawn between 0 and 2^(n-1) seconds, but no longer than `longest_s`; a service that asks for more
    patience than that gets no second call.
    """

    attempts: int = 3
    longest_s: float = 20.0


class Exchange:
    """Makes calls of inputs; what it learns about the other side's clock holds for all later ones."""

    def __init__(
        self,
        endpoint: Endpoint,
        keys: Keys,
        *,
        retrying: Retrying,
        clock: Clock,
        random: Callable[[], float],
        new_token: Callable[[], str],
    ) -> None:
        self.endpoint = endpoint
        self.clock = clock
        self._keys = keys
        self._retrying = retrying
        self._random = random
        self._new_token = new_token
        self._skew = timedelta()

    def steps(self, given: Input[O_co]) -> Steps[O_co]:
        """One call. Raises the operation's errors, and CallError."""
        asked = self._with_token(given)
        request = request_of(asked, self.endpoint.url)
        corrected = set[str]()
        attempt = 1
        while True:
            credentials = yield from self._credentials()
            reply: Reply | None = None
            failure: Failure
            try:
                came: Reply = yield Send(self._signed(request, credentials))
                reply = came
                if 200 <= came.status < 300:
                    return output_of(asked, came)
                failure = error_of(came, now=self.clock.now())
            except (ConnectionFailed, UnreadableAnswer) as error:
                failure = error
            if not (yield from self._corrects(failure, reply, credentials, corrected)):
                yield Wait(self._pause_s(asked, failure, attempt))
                attempt += 1

    def _with_token(self, given: Input[O_co]) -> Input[O_co]:
        name = given._token_
        return given if name is None or getattr(given, name) is not None else given.replace(**{name: self._new_token()})

    def _credentials(self) -> Steps[Credentials | None]:
        return (yield Do(self._keys.find)) if self._keys.is_slow else self._keys.find()

    def _signed(self, request: Request, credentials: Credentials | None) -> Request:
        if credentials is None:
            return request._replace(headers={**request.headers, "host": host_of(request.url)})
        return signed(request, credentials, region=self.endpoint.region, now=self.clock.now() + self._skew)

    def _corrects(
        self, failure: Failure, reply: Reply | None, used: Credentials | None, corrected: set[str]
    ) -> Steps[bool]:
        """Whether something was put right, once each, so that the same call may do now."""
        if isinstance(failure, CredentialsExpired) and "keys" not in corrected:
            corrected.add("keys")
            self._keys.forget()
            return (yield from self._credentials()) != used
        if isinstance(failure, ClockSkewed) and "clock" not in corrected:
            corrected.add("clock")
            return reply is not None and self._sets_clock(reply)
        return False

    def _sets_clock(self, reply: Reply) -> bool:
        theirs, mine = server_time(reply), self.clock.now()
        if theirs is None or abs(theirs - mine - self._skew) < _SKEW:
            return False
        self._skew = theirs - mine
        return True

    def _pause_s(self, asked: Input[Any], failure: Failure, attempt: int) -> float:
        """How long to wait before the call is sent again; raises the failure where it is not to be."""
        is_wanted = failure.is_retryable and (asked._is_repeatable_ or _was_not_done(failure))
        least_s = failure.retry_after_s or 0.0
        if not is_wanted or attempt >= self._retrying.attempts or least_s > self._retrying.longest_s:
            if attempt > 1:
                failure.add_note(f"Sent {attempt} times.")
            raise failure
        return max(least_s, min(self._random() * 2 ** (attempt - 1), self._retrying.longest_s))


def _was_not_done(failure: Failure) -> bool:
    """Whether the service can't have begun what it was asked."""
    if isinstance(failure, ConnectionFailed):
        return not failure.was_sent
    return isinstance(failure, ThrottlingException) or failure.status == 429
