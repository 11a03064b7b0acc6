"""ListConnectorEntities, DescribeConnectorEntity and ResetConnectorMetadataCache."""

from __future__ import annotations

from headrace.connector_sdk.connections import Opened
from headrace.connector_sdk.metadata_cache import Key
from headrace.errors import ValidationException
from headrace.model.shapes import Document
from headrace.operations import pages, refusals
from headrace.operations.connector_calls import Connectors, told
from headrace.operations.context import Answer, Context
from headrace.store.store import Store

# A caller who says nothing gets what AppFlow asks connectors for.
_PAGE_SIZE = 1000


def list_connector_entities(context: Context, store: Store, asked: Connectors, request: Document) -> Answer:
    """The entities that the connector names, topmost or below `entitiesPath`."""
    sized = {"maxResults": _PAGE_SIZE, **request}
    start = pages.position(context, "ListConnectorEntities", sized) or 0
    connector = _opened(context, store, asked, request)
    path, version = request.get("entitiesPath"), request.get("apiVersion")
    every = told(lambda: connector.entities(path, api_version=version))
    end = start + pages.page_size(sized)
    found = [(number, every[number]) for number in range(start, min(end + 1, len(every)))]
    page, more = pages.split(context, "ListConnectorEntities", sized, found, lambda each: each[0] + 1)
    return {"connectorEntityMap": {connector.group(path): [entity for _, entity in page]}, **more}


def describe_connector_entity(context: Context, store: Store, asked: Connectors, request: Document) -> Answer:
    """The fields of the entity, as the connector describes them."""
    connector = _opened(context, store, asked, request)
    name, version = request["connectorEntityName"], request.get("apiVersion")
    return {"connectorEntityFields": list(told(lambda: connector.describe(name, api_version=version)))}


def reset_connector_metadata_cache(context: Context, store: Store, asked: Connectors, request: Document) -> Answer:
    """Forget what connectors said: the names of entities, or with `connectorEntityName` the fields of that one."""
    caller, profile_name = context.caller, request.get("connectorProfileName")
    _refuse_unnamed(request, "ResetConnectorMetadataCache")
    if profile_name is not None:
        found = store.read(lambda tx: refusals.profile(context, tx, profile_name)).result()
        _refuse_other_type(found.connector_type, request)
    entity, path, version = (request.get(name) for name in ("connectorEntityName", "entitiesPath", "apiVersion"))

    def wanted(key: Key) -> bool:
        is_one = key.kind == "entities" if entity is None else (key.kind, key.name) == ("entity", entity)
        is_below = entity is not None or path in {None, key.name}
        # What a connector keeps for itself may be what its answers are made from.
        return key.kind == "own" or (is_one and is_below and version in {None, key.api_version})

    asked.connections.forget(caller.account, caller.region, profile_name, request.get("connectorType"), wanted)
    return {}


def _opened(context: Context, store: Store, asked: Connectors, request: Document) -> Opened:
    caller, profile_name = context.caller, request.get("connectorProfileName")
    if profile_name is None:
        given = request.get("connectorType")
        raise ValidationException(
            "connectorProfileName is missing: entities are listed and described through a connector profile."
            + (f" The connector {given} can't be browsed without one." if given else "")
        )
    found = store.read(lambda tx: refusals.profile(context, tx, profile_name)).result()
    _refuse_other_type(found.connector_type, request)
    return told(lambda: asked.connections.open(caller.account, caller.region, profile_name))


def _refuse_unnamed(request: Document, operation: str) -> None:
    if "connectorProfileName" not in request and "connectorType" not in request:
        raise ValidationException(f"{operation} needs a connectorProfileName, a connectorType, or both.")


def _refuse_other_type(connector_type: str, request: Document) -> None:
    given = request.get("connectorType", connector_type)
    if given != connector_type:
        raise ValidationException(
            f"The connector profile {request['connectorProfileName']} is of {connector_type}, the request's"
            f" connectorType is {given}. Leave it out, or give the profile's."
        )
