"""One connection's HTTP: credentials, renewal, retries, limits, bounds and redaction in one place."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import random
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from headrace.connector_sdk.http.limits import USUAL_LIMITS, Gate, Limits
from headrace.connector_sdk.http.logins import Login, SignIn, Values
from headrace.connector_sdk.http.messages import Answer, Request, origin
from headrace.connector_sdk.http.network import LOST, USUAL_BOUNDS, Bounds, Network
from headrace.connector_sdk.http.patience import Patience
from headrace.connector_sdk.http.redaction import Hider
from headrace.connector_sdk.http.verdicts import Judge, by_status
from headrace.connector_sdk.records import Connection
from headrace.errors import ConnectorError, Refused, Retry, Stop
from headrace.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
# A request that was carried out may be answered so by a machine in between.
_UNKNOWN = frozenset({500, 502, 504})
_SESSION = "session"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose requests a session sends.

    `connection` is the profile as it is now; it is read again once `refresh` has got new tokens, which it says by
    True.
    """

    connection: Callable[[], Connection]
    refresh: Callable[[], bool] = bool


class Http:
    """What all sessions share: connections, and how much each host is asked at a time.

    `transport` None: the network. `wait` takes seconds, `random` answers numbers from 0 to 1.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport | None = None,
        *,
        wait: Callable[[float], object] | None = None,
        random: Callable[[], float] = random,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self.network = Network(transport, monotonic)
        # Of an event that never comes.
        self._wait = threading.Event().wait if wait is None else wait
        self._random = random
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._gates: dict[tuple[object, Limits], Gate] = {}
        self.until: float | None = None

    def session(
        self,
        account: Account,
        login: Login,
        *,
        judge: Judge = by_status,
        limits: Limits = USUAL_LIMITS,
        bounds: Bounds = USUAL_BOUNDS,
    ) -> Session:
        """A session of its own for one connection."""
        return Session(self, account, login, judge, limits, bounds)

    def gate(self, url: str, limits: Limits) -> Gate:
        """The one gate to the URL's host under these limits."""
        key = (origin(url), limits)
        with self._lock:
            if key not in self._gates:
                self._gates[key] = Gate(limits, wait=self.wait, monotonic=self._monotonic)
            return self._gates[key]

    def within(self, seconds: float) -> Http:
        """The same, for sessions whose requests take no longer than so long from now, all of them together."""
        hurried = copy.copy(self)
        hurried.until = self._monotonic() + seconds
        return hurried

    def bounds(self, usual: Bounds) -> Bounds:
        """What a request that begins now may take. Raises Retry where the time is over."""
        if self.until is None:
            return usual
        if not self.has_time(0):
            raise Retry("The application took too long to answer all that it is asked at once. Try again.")
        return usual.within(self.until - self._monotonic())

    def has_time(self, seconds: float) -> bool:
        """Whether another request may begin after so long."""
        return self.until is None or self._monotonic() + seconds < self.until

    def close(self) -> None:
        """Close the connections; no session can be used after it."""
        self.network.close()

    def patience(self) -> Patience:
        """As much as a session begins with."""
        return Patience(self._random)

    def wait(self, seconds: float) -> None:
        """Wait for so long."""
        self._wait(seconds)


class Session:
    """Sends the requests of one connection. Safe to use from several threads."""

    def __init__(
        self, http: Http, account: Account, login: Login, judge: Judge, limits: Limits, bounds: Bounds
    ) -> None:
        self._http = http
        self._account = account
        self._login = login
        self._judge = judge
        self._limits = limits
        self._bounds = bounds
        self._patience = http.patience()
        self._cookies = httpx.Cookies()
        self._connection = account.connection()
        self._signed_in: str | None = None
        self._sent = ""

    @property
    def values(self) -> Values:
        """Profile properties and credentials, for templates."""
        return _values(self._connection)

    def send(self, request: Request) -> Answer:
        """The answer of success. Raises Retry, or Stop and kin, without any secret in its message.

        Credentials that are refused are renewed once, where they can be, and the request is sent again.
        """
        used = self._connection
        try:
            return self._tried(request, used)
        except Refused:
            if not self._is_renewed(used):
                raise
        return self._tried(request, self._connection)

    def _is_renewed(self, refused: Connection) -> bool:
        """Whether there are other credentials, or another session of the application, than the refused ones now."""
        if self._signed_in is not None:
            self._signed_in = None
            return True
        if self._connection is not refused:
            return True
        try:
            if not self._account.refresh():
                return False
        except Refused:
            # What the application said of the credentials tells more than that there are no others.
            return False
        self._connection = self._account.connection()
        return True

    def hide(self, text: str) -> str:
        """The text without any credential of this session."""
        secrets = self._connection.credentials.secrets.values()
        return Hider((*secrets, self._signed_in or "", self._sent))(text)

    @contextmanager
    def hiding(self) -> Generator[None]:
        """Hide credentials in the errors of whatever reads answers in the block."""
        try:
            yield
        except ConnectorError as error:
            error.args = (self.hide(error.message),)
            raise

    def _tried(self, request: Request, connection: Connection) -> Answer:
        with self.hiding():
            signed = self._login.signed(request, {**_values(connection), **self._session_of(connection)})
            # Of a user name and a password that are sent as one text.
            self._sent = signed.headers.get("authorization", "").rpartition(" ")[2]
            _check_headers(signed)
            return self._patiently(signed)

    def _session_of(self, connection: Connection) -> Values:
        """What a login that has to sign in first got for it."""
        if not isinstance(self._login, SignIn):
            return {}
        if self._signed_in is None:
            self._signed_in = self._login.found(self._patiently(self._login.asked(_values(connection))))
        return {_SESSION: self._signed_in}

    def _patiently(self, request: Request) -> Answer:
        while True:
            try:
                answer = self._once(request)
            except Retry as error:
                wait_s = self._patience.wait_s(error.after_s)
                if wait_s is None or not self._http.has_time(wait_s):
                    raise
                self._http.wait(wait_s)
            else:
                self._patience.restore()
                return answer

    def _once(self, request: Request) -> Answer:
        with self._http.gate(request.url, self._limits).place():
            answer = self._followed(request)
        error = self._judge(answer)
        if error is None or _is_accepted(request, answer, error):
            return answer
        if isinstance(error, Retry) and answer.status in _UNKNOWN and not request.is_repeatable:
            raise Stop(f"{error.message} {LOST}")
        raise error

    def _followed(self, request: Request) -> Answer:
        """The answer after redirects within the host."""
        for _ in range(_MOST_REDIRECTS):
            answer = self._http.network.exchange(request, self._cookies, self._http.bounds(self._bounds))
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            request = _redirected(request, answer)
        raise Stop(f"{request.where} redirects more than {_MOST_REDIRECTS} times.")


def _values(connection: Connection) -> Values:
    return {**connection.properties, **connection.credentials.values}


def _check_headers(request: Request) -> None:
    """Raises Stop where a header can't be sent, without its value: HTTP's own error would show it."""
    wrong = [name for name, value in request.headers.items() if not (value.isascii() and value.isprintable())]
    if wrong:
        raise Stop(
            f"{request.where} can't be asked: {', '.join(wrong)} would hold a line end or a letter that headers can't."
            " Look whether a credential has one, at its end for instance."
        )


def _is_accepted(request: Request, answer: Answer, error: ConnectorError) -> bool:
    return answer.status in request.accepted and not isinstance(error, Retry | Refused)


def _redirected(request: Request, answer: Answer) -> Request:
    url = urljoin(request.url, answer.headers["location"])
    if origin(url) != origin(request.url):
        scheme, host, port = origin(url)
        raise Stop(
            f"{request.where} redirects to another host, {scheme}://{host}:{port}, where credentials are not sent."
            " If that is the right one, give its URL in the connector profile."
        )
    if request.method not in {"GET", "HEAD"}:
        raise Stop(f"{request.where} redirects, which only reading follows. Give the URL that it leads to.")
    return replace(request, url=url)
