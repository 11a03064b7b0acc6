"""A connector whose calls are made again while it raises Retry, as a run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from headrace.connector_sdk.records import Page, Query, RecordConnector
from headrace.errors import Retry

T = TypeVar("T")

_ATTEMPTS = 4
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 60.0


class Patience:
    """Makes calls again; `waited_s` is how long it has waited so far."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        self._wait = wait
        self.waited_s = 0.0

    def __call__(self, call: Callable[[], T]) -> T:
        """What the call answers; the last Retry comes out."""
        for attempt in range(_ATTEMPTS - 1):
            try:
                return call()
            except Retry as error:
                usual_s = _FIRST_WAIT_S * 2**attempt
                seconds = min(usual_s if error.after_s is None else error.after_s, _LONGEST_WAIT_S)
                self.waited_s += seconds
                self._wait(seconds)
        return call()


class PatientConnector:
    """See RecordConnector: that of the connector, and reading goes on at the last position after a Retry."""

    def __init__(self, connector: RecordConnector, patience: Patience) -> None:
        self._connector = connector
        self._patience = patience

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource."""
        pages: Iterator[Page] | None = None

        def following() -> Page | None:
            nonlocal pages
            try:
                pages = pages or iter(self._connector.read(query))
                return next(pages, None)
            except Retry:
                pages = None
                raise

        while (page := self._patience(following)) is not None:
            if page.position is not None:
                query = replace(query, after=page.position)
            yield page

    def __getattr__(self, name: str) -> Any:
        found: Any = getattr(self._connector, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            return self._patience(lambda: found(*given, **named))

        return call
