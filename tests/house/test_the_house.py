"""The repository keeps the house's rules (design.md of the project's docs, style)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint

import pytest

from headrace.connector_sdk.registry import GROUP
from tests.house import documented, rooms, shape, words
from tests.house.sources import ROOT, Source

Rule = Callable[[Source], Iterator[str]]

EVERYWHERE: tuple[Rule, ...] = (
    shape.long_files,
    shape.long_functions,
    shape.inner_imports,
    shape.unmarked_boundaries,
    words.foreign_names,
    rooms.strangers,
    rooms.async_outside_the_edge,
    rooms.sleeps,
    rooms.impatience,
    rooms.patches,
)


def _faults(rule: Rule, sources: Iterable[Source]) -> list[str]:
    return [fault for source in sources for fault in rule(source)]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_every_python_file_keeps_the_rule(rule: Rule, python: tuple[Source, ...]) -> None:
    assert python
    assert _faults(rule, python) == []


def test_every_module_says_in_one_line_what_it_is(python: tuple[Source, ...]) -> None:
    modules = [source for source in python if not source.path.startswith("tests/")]
    assert modules
    assert _faults(shape.modules_without_their_line, modules) == []


@pytest.mark.parametrize("rule", [words.leftovers, words.places], ids=lambda rule: rule.__name__)
def test_every_tracked_file_keeps_the_rule(rule: Rule, sources: tuple[Source, ...]) -> None:
    assert _faults(rule, sources) == []


def test_every_setting_is_documented(sources: tuple[Source, ...]) -> None:
    assert list(documented.settings_missing(sources, _page("docs/settings.md"))) == []


def test_every_error_class_is_documented(sources: tuple[Source, ...]) -> None:
    assert list(documented.errors_missing(sources, _page("docs/errors.md"))) == []


def test_every_connector_is_told_by_what_it_does() -> None:
    project = tomllib.loads(_page("pyproject.toml"))["project"]
    entries = [EntryPoint(name, value, GROUP) for name, value in project["entry-points"][GROUP].items()]
    found = {entry.name: entry.load() for entry in entries}
    assert {name: each.connector_type for name, each in found.items()} == {name: name for name in found}
    assert list(documented.connectors_untold(found, _page("docs/compatibility.md"))) == []


def test_the_migrations_of_the_store_are_one_line(sources: tuple[Source, ...]) -> None:
    assert list(documented.revisions_that_fork(sources)) == []


def test_every_decision_has_a_number_of_its_own(sources: tuple[Source, ...]) -> None:
    assert list(documented.decisions_misnumbered(sources)) == []


def test_the_readme_can_be_read_in_one_sitting(sources: tuple[Source, ...]) -> None:
    [readme] = [source for source in sources if source.path == "README.md"]
    assert list(documented.readme_length(readme)) == []


@pytest.mark.parametrize("module", ["headrace", "headrace.__main__", "headrace.connector_sdk.lambda_handler"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    heavy = sorted({*rooms.HOME, "httpx", "asyncio"} - {"click", "sqlite3"})
    code = f"import sys, {module}; print(sorted(sys.modules.keys() & set({heavy!r})))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT / "src")
    assert loaded.stdout.strip() == "[]"


def _page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
