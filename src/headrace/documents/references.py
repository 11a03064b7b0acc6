"""Secrets in documents: written as references, never as values, and put in their place from what the caller gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from headrace.documents.document import Document
from headrace.model.api import OPERATIONS
from headrace.model.beyond import ALL
from headrace.model.shapes import ListShape, MapShape, String, Structure

# `${Name}` as the whole of a secret; `{{resolve:…}}` anywhere, as CloudFormation has it.
_WHOLE = re.compile(r"\$\{([^{}$]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^{}]+)\}\}")
# The model marks these, which only say where a secret is.
_REFERENCES = frozenset({"ClientCredentialsArn"})
_NO_LETTERS = re.compile(r"[^A-Za-z0-9]+")

_Put = Callable[[str, tuple[str, ...], bool], str]


def settled(document: Document, values: Mapping[str, str]) -> Document:
    """The document with the references replaced that `values` has; the others are named in `missing`."""
    missing: dict[str, None] = {}

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            missing[name] = None
        return values.get(name, found[0])

    def put(text: str, path: tuple[str, ...], is_secret: bool) -> str:  # noqa: FBT001 (called by position)
        del path
        whole = _WHOLE.fullmatch(text) if is_secret else None
        return value(whole) if whole else _DYNAMIC.sub(value, text)

    request = _walked(OPERATIONS[document.kind.operation].input, document.request, (), put)
    return replace(document, request=request, missing=tuple(missing))


def hidden(document: Document) -> Document:
    """The document with a reference in the place of every secret; `missing` names all of them."""
    names: dict[str, tuple[str, ...]] = {}

    def put(text: str, path: tuple[str, ...], is_secret: bool) -> str:  # noqa: FBT001 (called by position)
        if not is_secret or _DYNAMIC.fullmatch(text):
            return text
        whole = _WHOLE.fullmatch(text)
        name = whole[1] if whole else _name(document.name, path, names)
        names[name] = path
        return f"${{{name}}}"

    request = _walked(OPERATIONS[document.kind.operation].input, document.request, (), put)
    missing = dict.fromkeys((*document.missing, *names))
    return replace(document, request=request, missing=tuple(missing))


def reference_of(text: str) -> str | None:
    """The name that a secret's text refers to, None if it is no reference."""
    found = _WHOLE.fullmatch(text)
    return found[1] if found else None


def dynamic_of(text: str) -> str | None:
    """The name of the dynamic reference that a text is, None if it is none, or more than one."""
    found = _DYNAMIC.fullmatch(text)
    return found[1] if found else None


def _name(owner: str, path: tuple[str, ...], taken: Mapping[str, tuple[str, ...]]) -> str:
    """A name for a secret that every form takes: letters and digits, from the document's name and the member's."""
    for parts in (path[-1:], path[-2:], path, (*path, str(len(taken)))):
        name = "".join(_capital(part) for part in (owner, *parts)).lstrip("0123456789") or "Secret"
        if taken.get(name, path) == path:
            return name
    return f"Secret{len(taken)}"


def _capital(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in _NO_LETTERS.split(text))


def _walked(shape_name: str, value: Any, path: tuple[str, ...], put: _Put) -> Any:
    """The value with every text as `put` has it, which is told the text, where it stands and whether it is secret."""
    shape = ALL[shape_name]
    if isinstance(shape, Structure):
        shapes = {member.name: member.shape for member in shape.members}
        return {name: _walked(shapes[name], part, (*path, name), put) for name, part in value.items()}
    if isinstance(shape, ListShape):
        return [_walked(shape.member, part, path, put) for part in value]
    if isinstance(shape, MapShape):
        return {name: _walked(shape.value, part, (*path, name), put) for name, part in value.items()}
    is_secret = isinstance(shape, String) and shape.is_sensitive and shape_name not in _REFERENCES
    return put(value, path, is_secret) if isinstance(shape, String) else value
