"""The pages of a listing as one answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from headrace.client import Client, UnreadableAnswer
from headrace.client.paging import items_of
from headrace.client.structure import Input, Output

_LARGEST_PAGE = 100


def gathered(client: Client, first: Input[Any], *, most: int | None, start: str | None) -> dict[str, Any]:
    """All pages from `start` on as one document; after `most` items it keeps its nextToken."""
    whole: dict[str, Any] = {}
    for page in _pages(client, first.replace(next_token=start), most):
        document = page.to_document()
        whole.pop("nextToken", None)
        _add(whole, document)
    return whole


def _pages(client: Client, first: Input[Any], most: int | None) -> Iterator[Output]:
    asked, left = first, most
    while True:
        if left is not None:
            asked = asked.replace(max_results=min(left, _LARGEST_PAGE))
        page: Any = client.send(asked)
        yield page
        left = None if left is None else left - len(list(items_of(page)))
        if not page.next_token or left == 0:
            return
        if page.next_token == cast("Any", asked).next_token:
            raise UnreadableAnswer("The service leads from a page to that page again, for ever.", status=200)
        asked = asked.replace(next_token=page.next_token)


def _add(whole: dict[str, Any], part: dict[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, list):
            whole[key] = [*whole.get(key, ()), *cast("list[Any]", value)]
        elif isinstance(value, dict):
            _add(whole.setdefault(key, {}), cast("dict[str, Any]", value))
        else:
            whole[key] = value
