"""One reading of an entity: a program that runs on from page to page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from headrace.connector_sdk.hosts import Bounds
from headrace.connector_sdk.hosts.adapters.messages import Bookmark, Failure, Hearing, Record, Words
from headrace.connector_sdk.hosts.adapters.program import Program
from headrace.errors import ConnectorError, Retry, StartOver

# A page ends here at the latest, so that it takes little memory.
_PAGE_BYTES = 4 * 1024 * 1024
# After this long a page ends with what there is, be it nothing: whoever reads may want to stop.
_PAGE_S = 2.0


@dataclass(frozen=True, slots=True)
class Read:
    """A page: texts of records, the bookmark after them where a new one is known, and whether it is the last one."""

    records: list[str]
    bookmark: str | None
    is_last: bool


class Reading:
    """Gives out what a program prints, page by page; one thread at a time. What has been given out is gone."""

    def __init__(self, program: Program, hearing: Hearing, bounds: Bounds) -> None:
        self._program = program
        self._hearing = hearing
        self._bounds = bounds
        self._lines: Iterator[bytes] = iter(())
        self._failed: ConnectorError | None = None
        self._is_over = False
        self._heard_at = self._left_at = monotonic()

    def page(self, most: int) -> Read:
        """The next page, of at most `most` records.

        Raises StartOver where the program was killed, fell silent or asks for another try; Stop where it failed.
        """
        began_at = monotonic()
        # The time for which nobody asked is not the program's.
        self._heard_at += began_at - self._left_at
        records: list[str] = []
        bookmark, size_bytes = None, 0
        while len(records) < most and size_bytes < min(_PAGE_BYTES, self._bounds.answer_bytes // 2):
            line = next(self._lines, None)
            if line is None:
                if self._is_over or (monotonic() - began_at > _PAGE_S and not self._is_silent_too_long()):
                    break
                self._listen()
                continue
            match self._hearing(line):
                case Record(text=text):
                    records.append(text)
                    size_bytes += len(text)
                case Bookmark(text=bookmark):
                    pass
                case Words(text=words):
                    self._program.tell(words)
                case Failure(error=error):
                    self._failed = self._failed or error
                case _:
                    pass
        self._left_at = monotonic()
        return Read(records, bookmark, self._is_over and self._has_ended())

    def close(self) -> None:
        """End the program; no page may be asked for."""
        self._program.close()

    def kill(self) -> None:
        """End the program, while a page may be asked for in another thread."""
        self._program.kill()

    def _listen(self) -> None:
        found = self._program.lines(_PAGE_S)
        if found:
            self._heard_at = monotonic()
            self._lines = iter(found)
        elif found is None:
            self._is_over = True
        else:
            self._is_silent_too_long()

    def _is_silent_too_long(self) -> bool:
        """False, or StartOver."""
        if monotonic() - self._heard_at > self._bounds.timeout_s:
            raise StartOver(
                f"{self._program.name} said nothing for {self._bounds.timeout_s:g} s (HEADRACE_CONNECTOR_TIMEOUT), so"
                f" it was ended.{self._program.last_words()}"
            )
        return False

    def _has_ended(self) -> bool:
        """True, or the error that its end is."""
        code = self._program.exit_code()
        if code == 0 and self._failed is None:
            return True
        error = self._failed or self._program.failure("reading", code)
        raise StartOver(error.message) if isinstance(error, Retry) else error
