"""Services, entity sets and fields in the API's shapes.

Source: AppFlow User Guide, SAP OData; SAP Gateway, catalog services of version 2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from headrace.connectors.sapodata.addresses import service_path
from headrace.connectors.sapodata.edmx import EntitySet, Metadata, Property
from headrace.connectors.sapodata.pages import found_in
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.writing import OPERATIONS
from headrace.errors import Stop

Json = dict[str, Any]

# The entity sets by which a catalog of services is known.
_CATALOG_V2: Final = "ServiceCollection"
_CATALOG_V4: Final = "ServiceGroups"
_EXPANDED: Final = {"$expand": "DefaultSystem($expand=Services)"}
_MOST_PAGES: Final = 1000

_NUMBER: Final = (
    *("EQUAL_TO", "NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO"),
    "BETWEEN",
)
_OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "Edm.String": ("CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"),
    "Edm.Guid": ("EQUAL_TO", "NOT_EQUAL_TO"),
    "Edm.Boolean": ("EQUAL_TO", "NOT_EQUAL_TO"),
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), _NUMBER),
    **dict.fromkeys(("Edm.Decimal", "Edm.Double", "Edm.Single"), _NUMBER),
    **dict.fromkeys(("Edm.Date", "Edm.DateTime", "Edm.DateTimeOffset"), _NUMBER),
}
_INSTANTS: Final = frozenset({"Edm.DateTime", "Edm.DateTimeOffset"})


class _Listed(msgspec.Struct):
    """A service of a catalog."""

    url: str | None = msgspec.field(name="ServiceUrl", default=None)
    title: str | None = msgspec.field(name="Title", default=None)
    description: str | None = msgspec.field(name="Description", default=None)
    technical_name: str | None = msgspec.field(name="TechnicalServiceName", default=None)
    service_id: str | None = msgspec.field(name="ServiceId", default=None)


class _System(msgspec.Struct):
    services: list[_Listed] | None = msgspec.field(name="Services", default=None)


class _Group(msgspec.Struct):
    """A group of services of a catalog of version 4."""

    system: _System | None = msgspec.field(name="DefaultSystem", default=None)


def entities(services: Services, path: str | None) -> Sequence[Json]:
    """The services of the profile's catalog, or the entity sets of the service `path`; ConnectorEntity each.

    A profile whose applicationServicePath is a service itself, no catalog, has that service's entity sets.
    """
    service = services.site.default_service if path is None else service_path(path)
    metadata = services.metadata(service)
    if _CATALOG_V2 in metadata.entity_sets and metadata.version == "V2":
        return _distinct(_services_v2(services, service, metadata))
    if _CATALOG_V4 in metadata.entity_sets:
        return _distinct(_services_v4(services, service, metadata))
    return [
        {"name": f"{service}/{each.name}", "label": each.label or each.name, "hasNestedEntities": False}
        for each in metadata.entity_sets.values()
    ]


def fields(metadata: Metadata, entity_set: EntitySet) -> Sequence[Json]:
    """The properties as ConnectorEntityField."""
    return [_field(metadata, entity_set, each) for each in entity_set.properties]


def _distinct(found: Iterator[Json]) -> list[Json]:
    return list({each["name"]: each for each in found}.values())


def _services_v2(services: Services, catalog: str, metadata: Metadata) -> Iterator[Json]:
    for record in _every(services, f"{catalog}/{_CATALOG_V2}", metadata, {}):
        yield from _service(msgspec.json.decode(record, type=_Listed))


def _services_v4(services: Services, catalog: str, metadata: Metadata) -> Iterator[Json]:
    for record in _every(services, f"{catalog}/{_CATALOG_V4}", metadata, _EXPANDED):
        group = msgspec.json.decode(record, type=_Group)
        for listed in (group.system.services or []) if group.system else []:
            yield from _service(listed)


def _service(listed: _Listed) -> Iterator[Json]:
    """The service that is listed; nothing where its path is not said."""
    path = urlsplit(listed.url or "").path
    if path.strip("/"):
        name = service_path(path)
        label = listed.title or listed.description or listed.technical_name or listed.service_id or name
        yield {"name": name, "label": label, "hasNestedEntities": True}


def _every(services: Services, path: str, metadata: Metadata, params: Mapping[str, str]) -> Iterator[str]:
    """Every record of a catalog. Raises Stop where its pages go on without end."""
    url, service = services.site.url(path, params), path.rpartition("/")[0]
    for _ in range(_MOST_PAGES):
        answer = services.get(url, metadata)
        found, link = found_in(answer, metadata.version)
        yield from found
        if link is None:
            return
        url = services.site.followed(link, asked=answer.url, service=service, is_lenient=metadata.version == "V2")
    raise Stop(f"The catalog {service} has more than {_MOST_PAGES} pages.")


def _field(metadata: Metadata, entity_set: EntitySet, known: Property) -> Json:
    type_name = f"Collection({known.type_name})" if known.is_collection else known.type_name
    operators = () if known.is_collection or not known.is_filterable else _OPERATORS.get(known.type_name, ())
    detail: Json = {"fieldType": type_name, "filterOperators": list(operators)}
    if known.max_length is not None:
        detail["fieldLengthRange"] = {"minimum": 0, "maximum": known.max_length}
    found: Json = {
        "identifier": known.name,
        "label": known.label or known.name,
        "isPrimaryKey": known.is_key,
        "isDeprecated": False,
        "supportedFieldTypeDetails": {"v1": detail},
        "sourceProperties": {
            "isRetrievable": True,
            "isQueryable": bool(operators),
            "isTimestampFieldForIncrementalQueries": known.type_name in _INSTANTS and bool(operators),
        },
        "destinationProperties": _writable(entity_set, known),
    }
    if known.type_name in metadata.complex_types:
        # The API has no commas in a description.
        members = " and ".join(each.name for each in metadata.complex_types[known.type_name])
        found["description"] = f"A structure of {members}."
    return found


def _writable(entity_set: EntitySet, known: Property) -> Json:
    is_creatable = entity_set.is_creatable and known.is_creatable
    is_updatable = entity_set.is_updatable and known.is_updatable
    operations = [each for each in OPERATIONS if each != "INSERT"]
    named = operations if known.is_key and entity_set.is_updatable else []
    return {
        "isCreatable": is_creatable,
        "isNullable": known.is_nullable,
        "isUpdatable": is_updatable,
        "isUpsertable": is_creatable and (is_updatable or known.is_key),
        "supportedWriteOperations": named,
    }
