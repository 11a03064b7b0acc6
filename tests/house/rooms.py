"""Rules on what a room may use: each foreign library and each colour of function in its own room."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.sources import Source

# Library -> the rooms that may import it.
HOME = {
    "duckdb": {"engine"},
    "arro3": {"engine", "connector_sdk", "connectors"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "sqlite3": {"store"},
    "msgspec": {"connector_sdk", "connectors"},
    "obstore": {"connector_sdk"},
    "httptools": {"client", "wire"},
    "starlette": {"wire", "console", "service", "testing"},
    "uvicorn": {"wire", "service", "cli", "testing"},
    "cryptography": {"store", "wire", "connector_sdk"},
    "click": {"cli", "__main__"},
    "rich": {"cli"},
    "yaml": {"documents"},
    "prometheus_client": {"wire"},
    "botocore": set[str](),
    "boto3": set[str](),
    "pyarrow": set[str](),
}

# client: for callers that are coroutines themselves.
ASYNC_ROOMS = {"client", "console", "wire"}

_PATCHES = {"unittest.mock", "mock"}


def strangers(source: Source) -> Iterator[str]:
    for node, library in _imported(source):
        home = HOME.get(library.split(".")[0])
        if source.room is not None and home is not None and source.room not in home:
            rooms = ", ".join(sorted(home)) or "no room of the core"
            yield f"{source.at(node)}: {library} is imported in {source.room}; its home is {rooms}"


def async_outside_the_edge(source: Source) -> Iterator[str]:
    if source.room is None or source.room in ASYNC_ROOMS:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"{source.at(node)}: {node.name} is async; only the HTTP edge ({', '.join(sorted(ASYNC_ROOMS))}) is"


def sleeps(source: Source) -> Iterator[str]:
    for node, library in _imported(source):
        if library in {"time.sleep", "asyncio.sleep"}:
            yield f"{source.at(node)}: imports {library}; wait for what happens (Event, Condition, process)"
    for node in ast.walk(source.tree):
        if _is_call_of(node, "time", "sleep") or _is_call_of(node, "asyncio", "sleep"):
            yield f"{source.at(node)}: sleeps; wait for what happens (Event, Condition, process)"


def impatience(source: Source) -> Iterator[str]:
    """A test that waits some seconds for what has to come fails where the machine is slow or busy."""
    if not source.path.startswith("tests/"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and any(map(_is_some_seconds, _bounds_of(node))):
            yield f"{source.at(node)}: waits for seconds; bound what has to come with PATIENCE_S"


def patches(source: Source) -> Iterator[str]:
    for node, library in _imported(source):
        if library in _PATCHES or library.rpartition(".")[0] in _PATCHES:
            yield f"{source.at(node)}: imports {library}; pass a stand-in as a parameter"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.arg) and node.arg == "mocker":
            yield f"{source.at(node)}: uses mocker; pass a stand-in as a parameter"
        if _is_call_of(node, "monkeypatch", "setattr") or _is_call_of(node, "monkeypatch", "setitem"):
            yield f"{source.at(node)}: patches; pass a stand-in as a parameter"


def _bounds_of(call: ast.Call) -> Iterator[ast.expr]:
    yield from (each.value for each in call.keywords if each.arg in {"timeout", "timeout_s"})
    waits = isinstance(call.func, ast.Attribute) and call.func.attr in {"wait", "join", "result", "exception"}
    yield from call.args[:1] if waits else ()


def _is_some_seconds(bound: ast.expr) -> bool:
    # Less is for what is meant to be late, more for what never comes.
    return isinstance(bound, ast.Constant) and isinstance(bound.value, int | float) and 1 < bound.value < 100


def _imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node, f"{node.module}.{name.name}") for name in node.names)


def _is_call_of(node: ast.AST, owner: str, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == owner
    )
