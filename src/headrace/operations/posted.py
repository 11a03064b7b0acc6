"""The records of a body that was posted: a JSON object, an array of objects, or one object a line."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from headrace.errors import ValidationException

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_LINE_ENDS: Final = str.maketrans("\n\r", "  ")


def records_of(body: bytes) -> list[str]:
    """The JSON texts of the records, each on one line and otherwise as they came: no number is rounded.

    Raises ValidationException, which names the line, unless all of the body is records.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise ValidationException(f"Line {line} of the body is no UTF-8, so none of it was taken.") from None
    start = _after_blank(text, 0)
    if start == len(text):
        raise ValidationException("The body is empty: send a JSON object, an array of objects, or one object a line.")
    return list(_of_array(text, start + 1) if text[start] == "[" else _of_lines(text, start))


def inflated(body: bytes, limit_bytes: int) -> bytes:
    """What gzip made the body of, at most so many bytes. Raises ValidationException."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(body, limit_bytes + 1)
    except zlib.error:
        raise ValidationException("The body is not what Content-Encoding says: gzip.") from None
    if len(found) > limit_bytes:
        raise ValidationException(
            f"The body holds more than {limit_bytes} bytes: send less at a time, or serve with a higher"
            " HEADRACE_BODY_LIMIT."
        )
    if not unpacking.eof or unpacking.unused_data:
        raise ValidationException("The gzip of the body is cut off, or something follows it. Send it again, whole.")
    return found


def _of_lines(text: str, place: int) -> Iterator[str]:
    while place < len(text):
        record, end = _record(text, place)
        yield record
        place = _after_blank(text, end)
        if place < len(text) and "\n" not in text[end:place]:
            _refuse(text, end, "goes on after the end of its record")


def _of_array(text: str, place: int) -> Iterator[str]:
    place = _after_blank(text, place)
    is_empty = text[place : place + 1] == "]"
    while not is_empty:
        record, end = _record(text, place)
        yield record
        place = _after_blank(text, end)
        if text[place : place + 1] != ",":
            break
        place = _after_blank(text, place + 1)
    if text[place : place + 1] != "]":
        _refuse(text, place, "lacks a comma, or the end of the array")
    rest = _after_blank(text, place + 1)
    if rest < len(text):
        _refuse(text, rest, "goes on after the end of the array")


def _record(text: str, place: int) -> tuple[str, int]:
    """The record there, and where it ends."""
    if text[place : place + 1] != "{":
        _refuse(text, place, "holds no JSON object where a record is expected")
    try:
        _, end = _DECODER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        _refuse(text, error.pos, f"is no JSON: {error.msg}")
    except (ValueError, RecursionError):
        _refuse(text, place, "begins a record that holds NaN or Infinity, or too many levels")
    # Outside of its texts JSON has line ends as blanks only, and within them none.
    return text[place:end].translate(_LINE_ENDS), end


def _after_blank(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return place if found is None else found.end()


def _refuse(text: str, place: int, why: str) -> NoReturn:
    line = text.count("\n", 0, place) + 1
    raise ValidationException(f"Line {line} of the body {why}, so none of it was taken.")


def _no_number(word: str) -> Any:
    raise ValueError(word)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number, parse_int=str, parse_float=str)
