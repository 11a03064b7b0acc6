"""What OData 4 annotations say of types, properties and entity sets: labels, and what can't be written.

Source: the vocabularies Org.OData.Core.V1, Org.OData.Capabilities.V1 and com.sap.vocabularies.Common.v1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from headrace.connectors.sapodata.xml_names import children


@dataclass(frozen=True, slots=True)
class Notes:
    """By target: `namespace.Type`, `namespace.Type/property`, `namespace.Container/EntitySet`."""

    labels: dict[str, str] = field(default_factory=dict[str, str])
    computed: set[str] = field(default_factory=set[str])
    not_insertable: set[str] = field(default_factory=set[str])
    not_updatable: set[str] = field(default_factory=set[str])


def notes(schemas: Iterable[Element], full: Callable[[str], str]) -> Notes:
    """Everything that is noted; `full` puts the namespace in place of an alias."""
    found = Notes()
    for schema in schemas:
        for target, annotation in _annotations(schema, full):
            _note(found, target, annotation)
    return found


def _annotations(schema: Element, full: Callable[[str], str]) -> Iterator[tuple[str, Element]]:
    for group in children(schema, "Annotations"):
        owner, slash, member = group.get("Target", "").partition("/")
        for annotation in children(group, "Annotation"):
            yield f"{full(owner)}{slash}{member}", annotation
    for kind in ("EntityType", "ComplexType"):
        for owner in children(schema, kind):
            place = f"{schema.get('Namespace', '')}.{owner.get('Name')}"
            for member in children(owner, "Property"):
                for annotation in children(member, "Annotation"):
                    yield f"{place}/{member.get('Name')}", annotation


def _note(found: Notes, target: str, annotation: Element) -> None:
    term = annotation.get("Term", "").rpartition(".")[2]
    if term == "Label" and annotation.get("String"):
        found.labels.setdefault(target, annotation.get("String", ""))
    elif term == "Computed" and annotation.get("Bool") != "false":
        found.computed.add(target)
    elif term == "InsertRestrictions" and _is_denied(annotation, "Insertable"):
        found.not_insertable.add(target)
    elif term == "UpdateRestrictions" and _is_denied(annotation, "Updatable"):
        found.not_updatable.add(target)


def _is_denied(annotation: Element, name: str) -> bool:
    return any(
        value.get("Property") == name and value.get("Bool") == "false"
        for record in children(annotation, "Record")
        for value in children(record, "PropertyValue")
    )
