"""Rules on words: AppFlow's terms as names, no leftovers, nothing of one machine or registry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Source

# A word that AppFlow has another word for, and that word.
BANNED = {
    "job": "execution, split or task",
    "jobs": "executions, splits or tasks",
    "pipeline": "flow",
    "pipelines": "flows",
    "sink": "destination",
    "sinks": "destinations",
    "processor": "task",
    "processors": "tasks",
}

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Written so that no pattern matches its own text.
_LEFTOVERS = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|Not[I]mplementedError)\b")
_PLACES = re.compile(
    r"(?<![\w.])/(?:work|root)/(?=\w)|(?<![\w.])/home/\w+/|/tmp/(?:plan|v|h\d)/|\.py[e]nv\b"
    r"|\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io|maven\.org|deb\.debian\.org|proxy\.golang\.org)\b"
)


def foreign_names(source: Source) -> Iterator[str]:
    for node, name in _defined(source.tree):
        for part in _PARTS.findall(name):
            if part.lower() in BANNED:
                yield f"{source.at(node)}: {name}: AppFlow's word is {BANNED[part.lower()]}"


def leftovers(source: Source) -> Iterator[str]:
    yield from _matches(source, _LEFTOVERS, "finish it, or file an issue")


def places(source: Source) -> Iterator[str]:
    yield from _matches(source, _PLACES, "the repository names no path of one machine and no registry host")


def _matches(source: Source, pattern: re.Pattern[str], advice: str) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        for match in pattern.finditer(line):
            yield f"{source.path}:{number}: {match.group()}: {advice}"


def _defined(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr
