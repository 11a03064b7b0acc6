"""What an operation is asked, out of the texts of the command line: scalars, JSON, shorthand, files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from headrace.cli.shorthand import read_shorthand
from headrace.model.api import SHAPES
from headrace.model.shapes import Integer, ListShape, MapShape, Structure

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
_FILE = "file://"


def option_of(member: str) -> str:
    """The option of a member, without its dashes: `flowName` is `flow-name`."""
    return _HUMP.sub("-", member).lower()


def value_of(texts: Sequence[str], shape_name: str) -> Any:
    """The value that one option was given; only a list takes several texts. Raises ValueError, in words.

    A structure or map is JSON or `key=value,…`, a list is one JSON array or an element a text. `file://PATH` stands
    for what the file holds.
    """
    shape = SHAPES[shape_name]
    read = [_loaded(text) for text in texts]
    if not isinstance(shape, ListShape):
        return _one(read[-1], shape_name)
    if len(read) == 1 and read[0].lstrip().startswith("["):
        return _json(read[0])
    return [_one(text, shape.member) for text in read]


def document_of(text: str) -> Mapping[str, Any]:
    """The members that a JSON object holds, the text itself or a file's. Raises ValueError, in words."""
    found = _json(_loaded(text))
    if not isinstance(found, dict):
        raise ValueError("is no JSON object; --generate-cli-skeleton prints one to fill in")  # noqa: TRY004 (in words)
    return cast("Mapping[str, Any]", found)


def _one(text: str, shape_name: str) -> Any:
    shape = SHAPES[shape_name]
    if isinstance(shape, Integer):
        return _whole(text)
    if isinstance(shape, Structure | MapShape):
        return _json(text) if text.lstrip().startswith("{") else read_shorthand(text.strip(), shape_name)
    return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from None


def _loaded(text: str) -> str:
    if not text.startswith(_FILE):
        return text
    path = os.path.expandvars(text.removeprefix(_FILE))
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"{path} can't be read: {why}") from None
    except ValueError:
        raise ValueError(f"{path} is no text in UTF-8") from None
