"""Rules on docs: every setting and every error class has its line, and no line lacks its thing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.catalog import CATALOG
from headrace.connector_sdk.registry import Connector
from tests.house.sources import Source

README_LINES = (90, 150)

_SETTING = re.compile(r"\bHEADRACE_[A-Z0-9_]*[A-Z0-9]\b")
_FOLLOWS = re.compile(r"^down_revision = (.+)$", re.MULTILINE)
_DECISION = re.compile(r"docs/decisions/(\d{4})-[a-z0-9-]+\.md")
_ROW = re.compile(r"\| `[A-Za-z0-9]+` \| (runs|described|) \| (runs|described|) \|")
_ERROR_ROOT = "HeadraceError"


def settings_missing(sources: Iterable[Source], page: str) -> Iterator[str]:
    documented = set(_SETTING.findall(page))
    used = {name: source for source in sources if source.room for name in _SETTING.findall(source.text)}
    for name in sorted(used.keys() - documented):
        yield f"{used[name].path}: {name} is not in docs/settings.md: say what it does, its default and its bounds"
    for name in sorted(documented - used.keys()):
        yield f"docs/settings.md: {name} is not read anywhere in src/headrace: take it out"


def errors_missing(sources: Iterable[Source], page: str) -> Iterator[str]:
    for name, path in sorted(_error_classes(sources).items()):
        if f"`{name}`" not in page:
            yield f"{path}: {name} is not in docs/errors.md: say when it is raised and what to do about it"


def revisions_that_fork(sources: Iterable[Source]) -> Iterator[str]:
    """The store's migrations are one line: two that follow the same one can't both be applied."""
    followed: dict[str, str] = {}
    for source in sources:
        found = _FOLLOWS.search(source.text) if "/migrations/versions/" in source.path else None
        if found is not None and followed.setdefault(found[1], source.path) != source.path:
            yield f"{source.path}: follows {found[1]}, as {followed[found[1]]} does; let it follow the newest one"


def decisions_misnumbered(sources: Iterable[Source]) -> Iterator[str]:
    """A decision is cited by its number, so each has one of its own, in its name and in its title."""
    taken: dict[str, str] = {}
    for source in sources:
        found = _DECISION.fullmatch(source.path)
        if found is None:
            continue
        if taken.setdefault(found[1], source.path) != source.path:
            yield f"{source.path}: {taken[found[1]]} has the number {found[1]} too; take the next free one"
        if not source.text.startswith(f"# {found[1]}: "):
            yield f"{source.path}: its title is to begin with `# {found[1]}: `"


def readme_length(readme: Source) -> Iterator[str]:
    lines = readme.text.count("\n")
    low, high = README_LINES
    if not low <= lines <= high:
        yield f"{readme.path}: {lines} lines; between {low} and {high}"


def connectors_untold(found: Mapping[str, RecordConnectorType | Connector], page: str) -> Iterator[str]:
    """What the table of connectors in the page has otherwise than the connectors say; `found` by connector type."""
    wanted = [_row(name, found.get(name)) for name in CATALOG]
    told = [line for line in page.splitlines() if _ROW.match(line)]
    if told != wanted:
        yield "docs/compatibility.md: the table of connectors is to have these rows:\n" + "\n".join(wanted)


def _row(name: str, found: RecordConnectorType | Connector | None) -> str:
    declared = CATALOG[name]
    possible = (declared.is_source, declared.is_destination)
    if isinstance(found, RecordConnectorType):
        here = (found.declaration.is_source, found.declaration.is_destination)
    elif found is not None:
        here = (found.source is not None, found.destination is not None)
    else:
        here = possible if name == "CustomConnector" else (False, False)
    sides = zip(possible, here, strict=True)
    cells = ["runs" if is_here else "described" if is_one else "" for is_one, is_here in sides]
    return f"| `{name}` | {cells[0]} | {cells[1]} |"


def _error_classes(sources: Iterable[Source]) -> dict[str, str]:
    """Public error classes by name, each with its file: all that come down from HeadraceError."""
    bases: dict[str, tuple[str, frozenset[str]]] = {}
    for source in sources:
        if source.room is None or not source.is_python:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = (source.path, frozenset(_names(node.bases)))
    found = {_ERROR_ROOT}
    while added := {name for name, (_, above) in bases.items() if above & found} - found:
        found |= added
    return {name: bases[name][0] for name in found if name in bases and not name.startswith("_")}


def _names(bases: list[ast.expr]) -> Iterator[str]:
    for base in bases:
        if isinstance(base, ast.Name):
            yield base.id
        elif isinstance(base, ast.Attribute):
            yield base.attr
