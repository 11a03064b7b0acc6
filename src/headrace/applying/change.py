"""One difference between a document and an account, and the calls that end it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from headrace.documents import Document, Kind


class Action(StrEnum):
    """What becomes of the thing."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    KEEP = "keep"


class Step(NamedTuple):
    """A call of an operation."""

    operation: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """`lines` are the differences, `reasons` what whoever decides has to know, `steps` the calls in their order.

    `undo` are the calls that bring back what the first step deleted, should a later one fail.

    Document and steps may hold secrets, so they do not show.
    """

    action: Action
    kind: Kind
    name: str
    document: Document | None = field(repr=False)
    lines: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    steps: tuple[Step, ...] = field(default=(), repr=False)
    undo: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """The secrets that the steps need and nobody gave."""
        needs = any("connectorProfileConfig" in step.request for step in self.steps)
        return self.document.missing if self.document is not None and needs else ()
