"""How one page leads to the next, as data: each kind names positions that reading resumes at."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urljoin, urlsplit

from headrace.connector_sdk.http.messages import Answer, origin
from headrace.connector_sdk.rest.bodies import Body, Path, text_in
from headrace.errors import Stop

# Texts, or whatever JSON may hold where parameters are sent so.
Params = Mapping[str, Any]

_LINK = re.compile(r"<([^>]*)>\s*;([^<]*)")


@dataclass(frozen=True, slots=True)
class Turn:
    """A page that was read: where it began, how many records it has and the last one's text.

    `secrets` are parameters that a position may not have, since positions are kept.
    """

    answer: Answer
    body: Body
    position: str | None
    count: int
    last: str | None
    secrets: Collection[str] = ()


class Paging(Protocol):
    """One way of paging. A position is text; None is before the first page, and after the last."""

    def ask(self, own: Params, position: str | None) -> Params | str:
        """What asks for the page at the position: parameters, `own` being the resource's, or a path with its query."""
        ...

    def following(self, turn: Turn) -> str | None:
        """Where the page after this one begins. Raises Stop where the answer names no place to go on."""
        ...


@dataclass(frozen=True, slots=True)
class OnePage:
    """All records in one answer."""

    def ask(self, own: Params, position: str | None) -> Params | str:  # noqa: ARG002 (there is but one)
        """See Paging."""
        return own

    def following(self, turn: Turn) -> str | None:  # noqa: ARG002 (the first is the last)
        """See Paging."""
        return None


ONE_PAGE = OnePage()


@dataclass(frozen=True, slots=True)
class Cursor:
    """A text from each answer asks for the next page: a cursor, a page token, a scroll id.

    `at` is where it lies, `param` what it is sent as. Pages end where there is none, where it is one of `ends`, or
    where `more` lies and is false. `alone`: nothing else may be sent with it.
    """

    at: Path
    param: str
    more: Path | None = None
    ends: tuple[str, ...] = ("",)
    alone: bool = False

    def ask(self, own: Params, position: str | None) -> Params | str:
        """See Paging."""
        if position is None:
            return own
        return {self.param: position} if self.alone else {**own, self.param: position}

    def following(self, turn: Turn) -> str | None:
        """See Paging. An empty page with a cursor is not the last one."""
        if not _has_more(turn, self.more):
            return None
        found = turn.body.text(self.at)
        return None if found in self.ends else found


@dataclass(frozen=True, slots=True)
class NextLink:
    """Each answer has the next page's URL, absolute or relative; `any_host`: what it says of its host is wrong."""

    at: Path
    any_host: bool = False

    def ask(self, own: Params, position: str | None) -> Params | str:
        """See Paging."""
        return position or own

    def following(self, turn: Turn) -> str | None:
        """See Paging."""
        found = turn.body.text(self.at)
        return _inside(turn, found, any_host=self.any_host) if found else None


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """The next page's URL is in the Link header, rel="next"."""

    any_host: bool = False

    def ask(self, own: Params, position: str | None) -> Params | str:
        """See Paging."""
        return position or own

    def following(self, turn: Turn) -> str | None:
        """See Paging."""
        for url, about in _LINK.findall(turn.answer.headers.get("link", "")):
            if re.search(r'rel\s*=\s*"?[^";,]*\bnext\b', about):
                return _inside(turn, url, any_host=self.any_host)
        return None


@dataclass(frozen=True, slots=True)
class Offset:
    """Pages begin at the record of a number, from 0. They end with an empty one, at `total`, or where `more` is false.

    A page that is shorter than asked for ends nothing: applications cut pages as they like.
    """

    param: str = "offset"
    total: Path | None = None
    more: Path | None = None

    def ask(self, own: Params, position: str | None) -> Params | str:
        """See Paging."""
        return {**own, self.param: int(position or 0)}

    def following(self, turn: Turn) -> str | None:
        """See Paging."""
        reached = int(turn.position or 0) + turn.count
        if turn.count == 0 or not _has_more(turn, self.more) or _is_reached(turn, self.total, reached):
            return None
        return str(reached)


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages have numbers. They end with an empty one, with page number `pages`, or where `more` is false."""

    param: str = "page"
    first: int = 1
    pages: Path | None = None
    more: Path | None = None

    def ask(self, own: Params, position: str | None) -> Params | str:
        """See Paging."""
        return {**own, self.param: int(position or self.first)}

    def following(self, turn: Turn) -> str | None:
        """See Paging."""
        number = int(turn.position or self.first)
        done = number - self.first + 1
        if turn.count == 0 or not _has_more(turn, self.more) or _is_reached(turn, self.pages, done):
            return None
        return str(number + 1)


@dataclass(frozen=True, slots=True)
class AfterId:
    """Each page begins after the last record's `field`; they come in its order and end with an empty one."""

    field: Path
    param: str
    more: Path | None = None

    def ask(self, own: Params, position: str | None) -> Params | str:
        """See Paging."""
        return own if position is None else {**own, self.param: position}

    def following(self, turn: Turn) -> str | None:
        """See Paging."""
        if turn.last is None or not _has_more(turn, self.more):
            return None
        found = text_in(turn.last, self.field)
        if found is None:
            raise Stop(
                f"{turn.answer.where} answered a record without {self.field!r}, after which the next page begins."
            )
        return found


def _has_more(turn: Turn, more: Path | None) -> bool:
    """False only where the answer says so."""
    return more is None or turn.body.value(more) not in {False, "false"}


def _is_reached(turn: Turn, total: Path | None, reached: int) -> bool:
    found = None if total is None else turn.body.text(total)
    return found is not None and found.isdigit() and reached >= int(found)


def _inside(turn: Turn, link: str, *, any_host: bool) -> str:
    """The path and query that the link leads to. Raises Stop where it leads to another host."""
    answer = turn.answer
    url = urljoin(answer.url, link)
    if not any_host and origin(url) != origin(answer.url):
        raise Stop(
            f"{answer.where} names another host for its next page: {'://'.join(map(str, origin(url)[:2]))}."
            " Credentials are not sent there."
        )
    parts = urlsplit(url)
    query = "&".join(each for each in parts.query.split("&") if unquote(each.partition("=")[0]) not in turn.secrets)
    return f"{parts.path}?{query}" if query else parts.path
