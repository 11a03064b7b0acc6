"""Elements and attributes of $metadata by their local names: its namespaces differ by version and vendor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

_SAP: Final = "{http://www.sap.com/Protocols/SAPData}"


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """The direct children of that name."""
    return (each for each in element if local(each) == name)


def sap(element: Element, name: str) -> str | None:
    """SAP's own attribute of that name."""
    return element.get(f"{_SAP}{name}")


def flag(text: str | None) -> bool:
    """Whether an attribute that is true where it is missing is true."""
    return text != "false"
