"""Plain values to YAML that YAML 1.1 and 1.2 read alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from headrace.documents.from_yaml import meaning

# Text is not broken into lines.
_WIDTH = 1_000_000


def to_yaml(documents: Sequence[Any]) -> str:
    """The documents, each after `---` but for the first; members keep their order."""
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and in quotes what any version of YAML could take for no text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never an alias: what is written twice stands there twice."""
        del data
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        """Text, in quotes where YAML 1.2 would take it for something else; PyYAML sees to 1.1."""
        style = None if meaning(data) == data and data.isprintable() else '"'
        return yaml.ScalarNode("tag:yaml.org,2002:str", data, style=style)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 (PyYAML's)
        """Lists are indented below the name that has them."""
        del indentless
        super().increase_indent(flow, indentless=False)


_Dumper.add_representer(str, _Dumper.represent_text)
