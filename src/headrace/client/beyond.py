"""A call of headrace beyond AppFlow's API: a path and a document, answered with a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from headrace.client.structure import Input, Output


class Told(Output):
    """What is answered: `document`, as it came."""

    document: dict[str, Any]

    @classmethod
    def of(cls, document: Any, request_id: str | None) -> Self:
        """Make one of an answer. Raises ValueError."""
        found = super().of(document, request_id)
        found.__dict__["document"] = document or {}
        return found


class Ask(Input[Told]):
    """What is asked: a path with its query, percent-encoded, and the members of the body."""

    _operation_ = "headrace:Ask"
    _output_ = Told

    def __init__(self, method: str, path: str, document: Mapping[str, Any] | None) -> None:
        super().__init__()
        is_token_there = document is not None and document.get("clientToken") is not None
        self.__dict__.update(method=method, path=path, document=document)
        self.__dict__["_is_repeatable_"] = method == "GET" or is_token_there
