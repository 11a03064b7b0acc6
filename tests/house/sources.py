"""The files of the repository, read once, as the rules see them."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One file; `path` is relative to the repository, with `/`."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_generated(self) -> bool:
        return "generated" in self.text.partition("\n")[0].lower()

    @property
    def room(self) -> str | None:
        """The first name under src/headrace, None for files elsewhere."""
        head, _, rest = self.path.partition("src/headrace/")
        return rest.split("/")[0].removesuffix(".py") if rest and not head else None

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def tracked() -> tuple[Source, ...]:
    """Every text file that git keeps or would keep, in order of path; binary files are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    paths = sorted(path for path in listed.split("\0") if path)
    return tuple(source for path in paths if (source := _read(path)) is not None)


def _read(path: str) -> Source | None:
    try:
        return Source(path, (ROOT / path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return None
