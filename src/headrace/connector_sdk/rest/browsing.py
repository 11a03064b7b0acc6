"""Entities and fields that an application lists, as records of a resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headrace.connector_sdk.declaring import Field
from headrace.connector_sdk.rest.bodies import Path, text_in
from headrace.connector_sdk.rest.spec import Described, Listed, Resource
from headrace.connector_sdk.templates import filled, names_in

Json = dict[str, Any]


def tops(resources: Sequence[Resource]) -> list[Json]:
    """The topmost entities that are known without asking: single ones, and those that families lie below."""
    singles = {each.entity: each.label or each.entity for each in resources if not names_in(each.entity)}
    families = dict.fromkeys(each.listed.under for each in resources if each.listed and each.listed.under)
    names = {**dict.fromkeys(families), **singles}
    return [_entity(name, label or name, has_nested=name in families) for name, label in names.items()]


def listed(family: Resource, how: Listed, records: Iterable[str]) -> Iterator[Json]:
    """The members of the family; a record without one of the names is none."""
    for record in records:
        names = {name: text_in(record, path) for name, path in how.names.items()}
        known = {name: value for name, value in names.items() if value}
        if len(known) == len(names):
            entity = filled(family.entity, known)
            yield _entity(entity, _said(record, how.label) or entity, has_nested=False)


def described(how: Described, records: Iterable[str]) -> tuple[Field, ...]:
    """The fields, those that were added last."""
    found = {
        name: Field(
            name,
            how.types.get(_said(record, how.type) or "", "String"),
            label=_said(record, how.label),
            is_primary_key=_said(record, how.key) == "true",
            is_cursor=name in how.cursors,
        )
        for record in records
        if (name := text_in(record, how.name))
    }
    return tuple({**found, **{each.name: each for each in how.more}}.values())


def _said(record: str, path: Path | None) -> str | None:
    return None if path is None else text_in(record, path)


def _entity(name: str, label: str, *, has_nested: bool) -> Json:
    return {"name": name, "label": label, "hasNestedEntities": has_nested}
