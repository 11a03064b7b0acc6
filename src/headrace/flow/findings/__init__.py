"""All that is to be said of a flow document before it is created: `find`."""

from __future__ import annotations

from headrace.flow.findings.find import endpoints, find, meaning, ordered
from headrace.flow.findings.finding import LEVELS, Finding, Level
from headrace.flow.findings.sides import Described, Fields, Known, Looked, NotAsked

__all__ = [
    "LEVELS",
    "Described",
    "Fields",
    "Finding",
    "Known",
    "Level",
    "Looked",
    "NotAsked",
    "endpoints",
    "find",
    "meaning",
    "ordered",
]
