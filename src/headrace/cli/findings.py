"""Findings of flow documents on the command line: each at its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.documents import Document, Fault, Kind, Place
from headrace.flow.findings import LEVELS, Finding, find
from headrace.flow.findings.finding import path_of
from headrace.flow.rules import Rule
from headrace.settings import Settings

_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Located:
    """What is to be said at a place of a file; `member` is the place within the document."""

    at: Place
    level: str
    rule: str
    member: str
    message: str
    instead: str

    @property
    def line(self) -> str:
        """All of it in one line, as compilers print it."""
        about = ": ".join(part for part in (self.at.resource, self.member, self.message) if part)
        return _one_line(f"{self.at}: {self.level} {self.rule}: {about}{'; ' if self.instead else ''}{self.instead}")

    @property
    def lines(self) -> tuple[str, ...]:
        """The same with the advice in a line of its own."""
        about = ": ".join(part for part in (self.member, self.message) if part)
        advice = (f"    {_one_line(self.instead)}",) if self.instead else ()
        return (f"{self.at}: {self.level} {self.rule}: {_one_line(about)}", *advice)

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; without what it lacks."""
        at = {"file": self.at.file, "line": self.at.line, "resource": self.at.resource}
        row = {**at, "level": self.level, "rule": self.rule, "place": self.member}
        row |= {"message": self.message, "instead": self.instead or None}
        return {name: value for name, value in row.items() if value is not None}


def checked(document: Document, settings: Settings, now: datetime) -> Iterator[Located]:
    """All that is to be said of a document without asking anybody: for a flow, whether CreateFlow would refuse it."""
    if document.kind is Kind.FLOW:
        return of_document(document, find(document.request, now=now, limits=settings.limits))
    return of_faults(document.violations(settings.limits))


def of_document(document: Document, found: Iterable[Finding]) -> Iterator[Located]:
    """Findings of a document that was read from a file."""
    for each in found:
        at = document.at(path_of(each.place))
        yield Located(at, each.level, each.rule, each.where, each.message, each.instead)


def of_answer(document: Document | None, name: str, answer: Mapping[str, Any]) -> Iterator[Located]:
    """Findings as a service answers them; without a document they are of the flow of that name."""
    for each in answer["findings"]:
        at = Place(name) if document is None else document.at(_path(each["place"]))
        yield Located(at, each["level"], each["rule"], each["place"], each["message"], each.get("instead", ""))


def of_faults(faults: Iterable[Fault]) -> Iterator[Located]:
    """What keeps a file from being a document."""
    for fault in faults:
        what, _, instead = fault.text.rpartition("; ")
        yield Located(fault.place, "error", Rule.DOCUMENT, "", what or instead, instead if what else "")


def counted(found: Iterable[Located]) -> str:
    """How many of each level there are, in words."""
    levels = [each.level for each in found]
    parts = [_count(levels.count(level), level) for level in LEVELS if level in levels]
    return ", ".join(parts) or "nothing to say"


def _count(count: int, level: str) -> str:
    return f"{count} {level}{'s' if count > 1 else ''}"


def _path(place: str) -> str:
    """From `tasks[2].taskType` to how violations spell it."""
    return _INDEX.sub(lambda found: f".{int(found[1]) + 1}.member", place)


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
