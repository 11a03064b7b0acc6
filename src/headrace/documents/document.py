"""What a file says: a flow, a connector profile or a connector, where it stands, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from headrace.errors import HeadraceError
from headrace.model.check import violations
from headrace.model.shapes import Limits

_AT = re.compile(r"^Value (?:.* )?at '([^']*)' failed to satisfy", re.DOTALL)


class Kind(StrEnum):
    """What a document describes."""

    FLOW = "flow"
    PROFILE = "connector profile"
    CONNECTOR = "connector"

    @property
    def operation(self) -> str:
        """The operation whose request the document is."""
        return _OPERATIONS[self][0]

    @property
    def name_member(self) -> str:
        """The member of the request that names it."""
        return _OPERATIONS[self][1]


_OPERATIONS = {
    Kind.FLOW: ("CreateFlow", "flowName"),
    Kind.PROFILE: ("CreateConnectorProfile", "connectorProfileName"),
    Kind.CONNECTOR: ("RegisterConnector", "connectorLabel"),
}


class FlowState(StrEnum):
    """Whether a flow that is scheduled or waits for events is to run; the model's word for it."""

    ACTIVE = "Active"
    DRAFT = "Draft"
    SUSPENDED = "Suspended"


class Place(NamedTuple):
    """A place in a file; lines count from 1. `resource` is the name in a template or in Terraform, where it has one."""

    file: str
    line: int | None = None
    resource: str | None = None

    def __str__(self) -> str:
        """The place as compilers print it: `flow.json:12`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Fault(NamedTuple):
    """What is wrong, and where."""

    place: Place
    text: str

    def __str__(self) -> str:
        """One line: place, what, what to do."""
        about = "" if self.place.resource is None else f"{self.place.resource}: "
        return f"{self.place}: {about}{self.text}"


class BadDocument(HeadraceError):
    """Files that no document can be made of; `found` has every reason, `faults` the same as texts."""

    def __init__(self, found: Sequence[Fault | str]) -> None:
        self.found = tuple(fault for fault in found if isinstance(fault, Fault))
        self.faults = tuple(map(str, found))
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True)
class Document:
    """A request of `kind.operation` as a file has it: wire names, order kept, without clientToken.

    `state` is None where the file says nothing about it, and for flows that run on demand: they are always active.
    `lines` has the line of each member by its path, spelt as violations spell it: `tasks.2.member.taskType`.
    `missing` names the secrets that the file refers to and no parameter gives: their members hold the reference.
    """

    kind: Kind
    name: str
    # Holds secrets, which no text of the document may show.
    request: Mapping[str, Any] = field(repr=False)
    place: Place
    state: FlowState | None = None
    lines: Mapping[str, int] = field(default_factory=dict[str, int], compare=False)
    missing: tuple[str, ...] = ()

    def at(self, path: str) -> Place:
        """Where the member with this path stands, else what it would be part of."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.place._replace(line=self.lines.get(path, self.place.line))

    def violations(self, limits: Limits) -> tuple[Fault, ...]:
        """Which of the model's constraints the request breaks, each with its line."""
        return tuple(self._at_its_line(text) for text in violations(self.kind.operation, self.request, limits=limits))

    def _at_its_line(self, text: str) -> Fault:
        found = _AT.match(text)
        return Fault(self.place if found is None else self.at(found[1]), text)
