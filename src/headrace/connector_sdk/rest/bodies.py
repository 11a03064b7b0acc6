"""Parts of a JSON body, cut out without parsing what nobody asked for: numbers keep their digits."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from headrace.connector_sdk.http.messages import Answer
from headrace.connector_sdk.http.verdicts import words
from headrace.errors import Retry, Stop

# Where something lies in a body: names of members and places in lists, joined by dots; a name that has a dot in it
# needs a tuple, ("@odata.nextLink",). Empty: the body itself.
Path = str | tuple[str, ...]

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_ELEMENTS = msgspec.json.Decoder(list[Raw])
_ANY = msgspec.json.Decoder()
_ANY_RAW = msgspec.json.Decoder(Raw)
_BOM = b"\xef\xbb\xbf"
# Escapes of UTF-16, in which some characters are two: either half alone is no text.
_ESCAPES = re.compile(rb"\\\\|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u[dD][89a-fA-F]\w\w")
_LONGEST_SINGLE = 6
_BYTE = re.compile(r"\(byte (\d+)\)")


def steps(path: Path) -> tuple[str, ...]:
    """The path, step by step."""
    return path if isinstance(path, tuple) else tuple(path.split(".")) if path else ()


class Body:
    """An answer's JSON. Making it raises Retry where the JSON ends too early, Stop where it is none."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._content, top = _read(answer)
        self._opened: dict[tuple[str, ...], dict[str, Raw]] = {(): top}

    @classmethod
    def of(cls, text: str) -> Body:
        """The body that is this JSON."""
        return cls(Answer(200, {}, text.encode(), "", ""))

    def at(self, path: Path) -> Raw | bytes | None:
        """The JSON that lies there; None: there is nothing."""
        found: Raw | bytes | None = self._content
        way = steps(path)
        for place, step in enumerate(way):
            found = self._inside(way[:place], found).get(step)
            if found is None:
                return None
        return found

    def value(self, path: Path) -> Any:
        """What lies there, decoded, a number that is too large as text; None: there is nothing, or null."""
        found = self.at(path)
        if found is None:
            return None
        try:
            return _ANY.decode(found)
        except msgspec.ValidationError:
            return str(found, "utf-8")

    def text(self, path: Path) -> str | None:
        """What lies there as text, a number with the digits it has; None: there is nothing, or null."""
        found = self.at(path)
        content = b"null" if found is None else bytes(found)
        if content == b"null":
            return None
        return _ANY.decode(content) if content[:1] == b'"' else content.decode()

    def records(self, path: Path, within: Path = "", *, is_optional: bool = False) -> tuple[str, ...]:
        """The records of the list there, each a line; of each element, the part `within`. Of null there are none.

        Raises Stop where there is no list, unless there may be nothing.
        """
        elements = self._elements(path, is_optional=is_optional)
        for step in steps(within):
            elements = [members[step] for each in elements if step in (members := _opened(each))]
        return tuple([str(each, "utf-8") for each in elements])

    def _elements(self, path: Path, *, is_optional: bool) -> list[Raw]:
        found = self.at(path)
        content = b"" if found is None else bytes(found)
        if content == b"null" or (is_optional and found is None):
            return []
        if content[:1] != b"[":
            where = f"in {'.'.join(steps(path))!r}" if path else "as its whole"
            said = f"only {', '.join(self._opened[()]) or words(self._answer)}" if found is None else _start(content)
            raise Stop(f"{self._answer.where} answered no list of records {where}: {said}.")
        if b"\n" in content or b"\r" in content:
            content = msgspec.json.format(content, indent=-1)
        return _ELEMENTS.decode(content)

    def _inside(self, way: tuple[str, ...], found: Raw | bytes) -> dict[str, Raw]:
        if way not in self._opened:
            self._opened[way] = _opened(found)
        return self._opened[way]


def text_in(record: str, path: Path) -> str | None:
    """What lies in the record as text; None: there is nothing, or null."""
    return Body.of(record).text(path)


def _opened(found: Raw | bytes) -> dict[str, Raw]:
    """Members by name, elements by place; a text, a number and the like have none."""
    first = bytes(memoryview(found)[:1])
    if first == b"{":
        return _MEMBERS.decode(found)
    return {str(place): each for place, each in enumerate(_ELEMENTS.decode(found))} if first == b"[" else {}


def _read(answer: Answer) -> tuple[bytes, dict[str, Raw]]:
    """The body, which is JSON, and what it opens to."""
    content = _utf8(answer)
    try:
        return _opened_whole(content)
    except RecursionError:
        raise Stop(f"{answer.where} answered JSON that is nested too deeply.") from None
    except msgspec.DecodeError as error:
        if "html" in answer.kind or content[:1] == b"<":
            raise Stop(f"{answer.where} answered no JSON but {words(answer)}. Is the URL right?") from None
        if not content or "truncated" in str(error):
            raise Retry(f"{answer.where} answered JSON that ends too early, after {len(content)} bytes.") from None
        raise Stop(f"{answer.where} answered what is no JSON{_near(content, str(error))}.") from None


def _opened_whole(content: bytes) -> tuple[bytes, dict[str, Raw]]:
    try:
        return content, _opened(_ANY_RAW.decode(content))
    except msgspec.DecodeError:
        whole = _ESCAPES.sub(_healed, content)
        return whole, _opened(_ANY_RAW.decode(whole))


def _healed(escape: re.Match[bytes]) -> bytes:
    is_half = len(escape[0]) == _LONGEST_SINGLE
    return b"\\ufffd" if is_half else escape[0]


def _utf8(answer: Answer) -> bytes:
    parameters = answer.headers.get("content-type", "").lower().partition("charset=")[2]
    charset = parameters.partition(";")[0].strip(" \"'")
    content = answer.body
    if charset not in {"", "utf-8", "utf8", "us-ascii"}:
        try:
            content = content.decode(charset).encode()
        except (LookupError, UnicodeError):
            raise Stop(f"{answer.where} answered what is no text in its charset {charset[:50]!r}.") from None
    if not content.isascii():
        # What is no UTF-8 becomes U+FFFD here, once, instead of failing wherever it is looked at.
        content = content.decode("utf-8", "replace").encode()
    return content.removeprefix(_BOM).strip()


def _near(content: bytes, error: str) -> str:
    """Where the decoder gave up, and what stands there."""
    found = _BYTE.search(error)
    place = int(found[1]) if found else 0
    around = _start(content[max(place - 40, 0) : place + 40])
    return f": {around}" if place < 40 else f" at its byte {place}: …{around}"


def _start(content: bytes) -> str:
    return " ".join(content[:600].decode("utf-8", "replace").split())[:300]
