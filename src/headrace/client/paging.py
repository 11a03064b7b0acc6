"""Page after page of a listing, and what is on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping
from typing import Any, cast

from headrace.client.errors import UnreadableAnswer
from headrace.client.structure import Input, O_co, Output


def turned(first: Input[O_co]) -> Generator[Input[O_co], O_co, None]:
    """Yield the input of each page, for its output; ends after the last. Raises UnreadableAnswer where none is last."""
    asked = first
    while True:
        page: Any = yield asked
        if not page.next_token:
            return
        if page.next_token == getattr(asked, "next_token", None):
            raise UnreadableAnswer(
                f"The page after {page.next_token!r} is said to be that page again: the service would list for ever",
                status=200,
                request_id=page.request_id,
            )
        asked = asked.replace(next_token=page.next_token)


def pages(client: Any, first: Input[O_co]) -> Iterator[O_co]:
    """Every page, asked for when it is wanted."""
    steps = turned(first)
    asked = next(steps)
    while True:
        page: O_co = client.send(asked)
        yield page
        try:
            asked = steps.send(page)
        except StopIteration:
            return


async def pages_async(client: Any, first: Input[O_co]) -> AsyncIterator[O_co]:
    """Every page, asked for when it is wanted."""
    steps = turned(first)
    asked = next(steps)
    while True:
        page: O_co = await client.send(asked)
        yield page
        try:
            asked = steps.send(page)
        except StopIteration:
            return


def items(client: Any, first: Input[Any]) -> Iterator[Any]:
    """What is on every page, one by one."""
    for page in pages(client, first):
        yield from items_of(page)


async def items_async(client: Any, first: Input[Any]) -> AsyncIterator[Any]:
    """What is on every page, one by one."""
    async for page in pages_async(client, first):
        for item in items_of(page):
            yield item


def items_of(page: Output) -> Iterable[Any]:
    """What a page is about; groups of it one after the other."""
    found: Any = getattr(page, page._items_) or ()
    if isinstance(found, Mapping):
        groups = cast("Mapping[str, Any]", found)
        return [item for group in groups.values() for item in group or ()]
    return cast("Iterable[Any]", found)
