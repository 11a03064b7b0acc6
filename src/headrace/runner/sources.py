"""Where a split gets its files from: objects of a store, or pages of records that are written to files first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from headrace.connector_sdk.contract import FileSource, LocalFile, SourceFile
from headrace.connector_sdk.records import Page, Query, RecordSource
from headrace.engine.results import SplitResult
from headrace.flow.plan import Plan
from headrace.runner.fields import common_fields
from headrace.runner.heads import Heads
from headrace.runner.spool import SPOOL_BYTES, pages, spooled
from headrace.runner.windows import Span, files_in
from headrace.store.executions import SplitRow

Result = TypeVar("Result")


class Retried(Protocol):
    """Makes a call of a connector again while it raises Retry; the first parameter names it in the log."""

    def __call__(self, what: str, call: Callable[[], Result], /) -> Result:
        """What the call answers."""
        ...


@dataclass(frozen=True)
class SplitWork:
    """What one split reads: files, none where its source answers pages, and the fields that all splits write."""

    number: int
    files: tuple[SourceFile, ...]
    fields: tuple[str, ...] | None

    def to_document(self) -> dict[str, Any]:
        """As it is recorded."""
        return {"files": [file.to_document() for file in self.files], "fields": self.fields}

    @classmethod
    def of(cls, row: SplitRow) -> SplitWork:
        """The split as it was recorded."""
        files, fields = row.document["files"], row.document.get("fields")
        return cls(row.number, tuple(map(SourceFile.from_document, files)), None if fields is None else tuple(fields))


class SplitSource(Protocol):
    """The source of an execution, as its splits see it.

    `bookmark` is where the next execution begins, once all that `local` gives was read; None: there is no such place.
    """

    @property
    def bookmark(self) -> str | None:
        """See SplitSource."""
        ...

    def works(self) -> list[SplitWork]:
        """The splits to record. Raises Retry or Stop."""
        ...

    def local(self, work: SplitWork, scratch: Path) -> Iterator[LocalFile]:
        """The files of a split on this machine, one after the other. Raises Retry or Stop."""
        ...

    def finished(self, result: SplitResult, rejects: Path) -> SplitResult:
        """The result of the split once all its files were read; what it adds to it lies in the folder `rejects`."""
        ...


class Files:
    """The files of a file source that changed within `span` (None: all), grouped into splits by `group`.

    With a limit all are one split, which asks for one after the other until it has enough.
    """

    bookmark = None

    def __init__(
        self,
        plan: Plan,
        source: FileSource,
        retried: Retried,
        group: Callable[..., tuple[tuple[SourceFile, ...], ...]],
        span: Span | None = None,
        *,
        limit: int | None = None,
    ) -> None:
        self._limit = limit
        self._plan = plan
        self._source = source
        self._retried = retried
        self._group = group
        self._span = span

    def works(self) -> list[SplitWork]:
        """See SplitSource: with the files as they were listed, and the fields, so that every split writes the same."""
        plan, source = self._plan, self._source
        files = files_in(self._span, self._retried("list", lambda: source.files(plan.source.properties)))
        if self._limit is not None:
            return [SplitWork(0, tuple(sorted(files, key=lambda file: file.key)), None)] if files else []
        groups = self._group(files, is_single=plan.output is not None and plan.output.is_single_file)
        fields = self._retried("read headers", lambda: common_fields(plan, source, files))
        return [SplitWork(number, group, fields) for number, group in enumerate(groups)]

    def local(self, work: SplitWork, scratch: Path) -> Iterator[LocalFile]:
        """See SplitSource."""
        properties, declared = self._plan.source.properties, self._plan.input
        if self._limit is None or declared is None:
            return self._source.fetch(properties, work.files, scratch)
        return Heads(self._source, properties, declared, scratch).of(work.files)

    def finished(self, result: SplitResult, rejects: Path) -> SplitResult:  # noqa: ARG002 (the protocol's)
        """See SplitSource."""
        return result


class Pages:
    """The pages of a source of records: one split, since one page says where the next begins.

    `check` is called before each page, and may raise to stop. `is_marked`: bookmarks count. With a limit a page is
    asked for only when those before it are not enough.
    """

    def __init__(
        self,
        source: RecordSource,
        query: Query,
        name: str,
        retried: Retried,
        check: Callable[[], None],
        *,
        is_marked: bool = False,
        limit: int | None = None,
    ) -> None:
        self._limit = limit
        self._source = source
        self._query = query
        self._name = name
        self._retried = retried
        self._check = check
        self._is_marked = is_marked
        self.bookmark: str | None = None

    def works(self) -> list[SplitWork]:
        """See SplitSource."""
        return [SplitWork(0, (), None)]

    def local(self, work: SplitWork, scratch: Path) -> Iterator[LocalFile]:  # noqa: ARG002 (there is but one)
        """See SplitSource."""
        self.bookmark = None
        most_bytes = SPOOL_BYTES if self._limit is None else 1
        return spooled(self._marked(), scratch, self._name, most_bytes=most_bytes)

    def finished(self, result: SplitResult, rejects: Path) -> SplitResult:  # noqa: ARG002 (the protocol's)
        """See SplitSource."""
        return result

    def _marked(self) -> Iterator[Page]:
        with closing(pages(self._source, self._query, self._next)) as found:
            for page in found:
                if self._is_marked:
                    self.bookmark = page.bookmark or self.bookmark
                yield page

    def _next(self, call: Callable[[], Page | None]) -> Page | None:
        self._check()
        return self._retried("read", call)
