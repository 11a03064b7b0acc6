"""What an OData service says of itself: its $metadata, version 2 or 4, as typed values.

Source: OData 2.0, Conceptual Schema Definition Language; OData 4.0 Part 3 (CSDL); SAP Annotations for OData 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET

from headrace.connectors.sapodata.annotations import Notes, notes
from headrace.connectors.sapodata.xml_names import children, flag, local, sap
from headrace.errors import Stop

Version = Literal["V2", "V4"]
_COLLECTION: Final = "Collection("
_DEEPEST_BASE: Final = 20


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an entity or complex type.

    `type_name` is the member's type where it is a collection. `is_day`: a V2 Edm.DateTime that is a date only.
    """

    name: str
    type_name: str
    is_collection: bool = False
    is_nullable: bool = True
    is_key: bool = False
    is_day: bool = False
    label: str | None = None
    max_length: int | None = None
    is_filterable: bool = True
    is_sortable: bool = True
    is_creatable: bool = True
    is_updatable: bool = True


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A collection of entities that a service has; `navigation` names the properties that lead to other entities."""

    name: str
    label: str | None
    properties: tuple[Property, ...]
    navigation: tuple[str, ...]
    is_pageable: bool = True
    is_creatable: bool = True
    is_updatable: bool = True

    @property
    def keys(self) -> tuple[Property, ...]:
        """The properties that name one entity, in the type's order."""
        return tuple(each for each in self.properties if each.is_key)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A service; `complex_types` are the properties of its complex types, by qualified name."""

    version: Version
    entity_sets: Mapping[str, EntitySet]
    complex_types: Mapping[str, tuple[Property, ...]]


def parse(body: bytes, where: str) -> Metadata:
    """The service whose $metadata this is; `where` names it in errors. Raises Stop for what is no such document."""
    root = root_of(body, where)
    if local(root) != "Edmx":
        raise Stop(
            f"{where} answered XML with the root {local(root)}, where $metadata has Edmx: it is no OData service."
        )
    version: Version = "V4" if (root.get("Version") or "").startswith("4") else "V2"
    schemas = [schema for services in children(root, "DataServices") for schema in children(services, "Schema")]
    if not schemas:
        raise Stop(f"{where} answered a $metadata without any Schema.")
    return _Reader(version, schemas).metadata()


class _Reader:
    """Looks types up across the schemas of one document."""

    def __init__(self, version: Version, schemas: list[ET.Element]) -> None:
        self._version: Version = version
        self._schemas = schemas
        self._spaces = {
            alias: schema.get("Namespace", "")
            for schema in schemas
            for alias in (schema.get("Alias"), schema.get("Namespace"))
            if alias
        }
        self._types = {
            f"{schema.get('Namespace', '')}.{each.get('Name')}": each
            for schema in schemas
            for kind in ("EntityType", "ComplexType", "EnumType", "TypeDefinition")
            for each in children(schema, kind)
        }
        self._notes: Notes = notes(schemas, self._full)

    def metadata(self) -> Metadata:
        sets = {
            found.name: found
            for schema in self._schemas
            for container in children(schema, "EntityContainer")
            for element in children(container, "EntitySet")
            if (found := self._entity_set(schema, container, element)) is not None
        }
        complexes = {
            name: tuple(self._properties(name)) for name, each in self._types.items() if local(each) == "ComplexType"
        }
        return Metadata(self._version, sets, complexes)

    def _entity_set(self, schema: ET.Element, container: ET.Element, element: ET.Element) -> EntitySet | None:
        name, type_name = element.get("Name"), self._full(element.get("EntityType", ""))
        if not name or type_name not in self._types:
            return None
        place = f"{schema.get('Namespace', '')}.{container.get('Name')}/{name}"
        return EntitySet(
            name,
            sap(element, "label") or self._notes.labels.get(place) or self._notes.labels.get(type_name),
            tuple(self._properties(type_name)),
            tuple(
                each.get("Name", "")
                for base in self._lineage(type_name)
                for each in children(base, "NavigationProperty")
            ),
            is_pageable=flag(sap(element, "pageable")),
            is_creatable=flag(sap(element, "creatable")) and place not in self._notes.not_insertable,
            is_updatable=flag(sap(element, "updatable")) and place not in self._notes.not_updatable,
        )

    def _properties(self, type_name: str) -> Iterator[Property]:
        lineage = self._lineage(type_name)
        keys = {
            ref.get("Name") for base in lineage for key in children(base, "Key") for ref in children(key, "PropertyRef")
        }
        for base in lineage:
            for each in children(base, "Property"):
                name = each.get("Name")
                if name:
                    yield self._property(f"{type_name}/{name}", name, each, is_key=name in keys)

    def _property(self, place: str, name: str, element: ET.Element, *, is_key: bool) -> Property:
        given = element.get("Type", "Edm.String")
        is_collection = given.startswith(_COLLECTION)
        type_name = self._plain(given.removeprefix(_COLLECTION).removesuffix(")") if is_collection else given)
        length = element.get("MaxLength", "")
        is_computed = place in self._notes.computed
        return Property(
            name,
            type_name,
            is_collection=is_collection,
            is_nullable=element.get("Nullable") != "false" and not is_key,
            is_key=is_key,
            is_day=type_name == "Edm.DateTime" and sap(element, "display-format") == "Date",
            label=sap(element, "label") or self._notes.labels.get(place),
            max_length=int(length) if length.isascii() and length.isdigit() else None,
            is_filterable=flag(sap(element, "filterable")),
            is_sortable=flag(sap(element, "sortable")),
            is_creatable=flag(sap(element, "creatable")) and not is_computed,
            is_updatable=flag(sap(element, "updatable")) and not is_computed and not is_key,
        )

    def _plain(self, type_name: str) -> str:
        """The Edm type that values are written as: that of a type definition, text for enumerations."""
        full = self._full(type_name)
        element = self._types.get(full)
        if element is None or local(element) not in {"EnumType", "TypeDefinition"}:
            return full
        return element.get("UnderlyingType", "Edm.String") if local(element) == "TypeDefinition" else full

    def _lineage(self, type_name: str) -> list[ET.Element]:
        """The type's ancestors, the oldest first, and itself."""
        found: list[ET.Element] = []
        while (element := self._types.get(type_name)) is not None and len(found) < _DEEPEST_BASE:
            found.insert(0, element)
            type_name = self._full(element.get("BaseType", ""))
        return found

    def _full(self, name: str) -> str:
        """A qualified name with the namespace in place of its alias."""
        space, _, last = name.rpartition(".")
        return f"{self._spaces.get(space, space)}.{last}"


class _Builder(ET.TreeBuilder):
    """Refuses a document type: it may define entities that grow without bounds, or name files."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002 - TreeBuilder's
        raise _DoctypeError


class _DoctypeError(Exception):
    """The document has a document type."""


def root_of(body: bytes, where: str) -> ET.Element:
    """The root of an XML document that defines nothing of its own. Raises Stop for any other."""
    try:
        parser = ET.XMLParser(target=_Builder())  # noqa: S314 - see _Builder
        parser.feed(body)
        return parser.close()
    except _DoctypeError:
        raise Stop(
            f"{where} answered XML (or HTML) with a document type, which $metadata never has: nothing in it was read."
        ) from None
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Stop(
            f"{where} answered no XML where $metadata was asked for ({error}). Is the path that of an OData service?"
        ) from None
