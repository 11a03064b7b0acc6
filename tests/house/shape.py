"""Rules on the shape of Python files: size, imports, docstrings, handlers (ruff bounds complexity)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.sources import Source

FILE_LINES = 400
FUNCTION_LINES = 40

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BROAD = {"Exception", "BaseException"}


def long_files(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield f"{source.path}: {lines} lines; at most {FILE_LINES}: split it by what it does"


def long_functions(source: Source) -> Iterator[str]:
    for node in _functions(source):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{source.at(node)}: {node.name} has {lines} lines; at most {FUNCTION_LINES}: name its parts"


def inner_imports(source: Source) -> Iterator[str]:
    top = {*source.tree.body, *_imports_of_some(source.tree)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and node not in top:
            yield f"{source.at(node)}: import inside a block; imports stand at the top of the module"


def modules_without_their_line(source: Source) -> Iterator[str]:
    if not source.tree.body:
        return
    docstring = ast.get_docstring(source.tree, clean=False)
    if docstring is None:
        yield f"{source.path}: no docstring; say in one line what the module is"
        return
    first, _, rest = docstring.partition("\n")
    if not first.strip() or not first.rstrip().endswith((".", ":", "?")) or (rest and rest.split("\n")[0].strip()):
        yield f"{source.path}: the docstring starts with exactly one line, a sentence"


def unmarked_boundaries(source: Source) -> Iterator[str]:
    lines = source.text.splitlines()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node):
            around = lines[max(node.lineno - 2, 0) : node.lineno + 1]
            if not any("# Boundary:" in line for line in around):
                yield f"{source.at(node)}: catches everything; name the errors, or mark the line `# Boundary: why`"


def _imports_of_some(tree: ast.Module) -> Iterator[ast.stmt]:
    """Imports at the top for type checkers alone (names of stubs) or for some Python versions (their own modules)."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test).startswith(("TYPE_CHECKING", "sys.version_info")):
            yield from (*node.body, *node.orelse)


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(source.tree) if isinstance(node, _FUNCTIONS))


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or (isinstance(name, ast.Name) and name.id in _BROAD) for name in names)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
