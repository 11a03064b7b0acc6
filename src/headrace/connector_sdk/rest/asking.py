"""Requests made of a resource, a query and a position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode, urljoin

from headrace.connector_sdk.http.messages import Request, with_query
from headrace.connector_sdk.records import Query
from headrace.connector_sdk.rest.filters import Types
from headrace.connector_sdk.rest.paging import Params
from headrace.connector_sdk.rest.spec import Place, Resource
from headrace.connector_sdk.templates import filled, path_filled

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is read: of a resource, with the values for its templates and the types of its fields, where known."""

    resource: Resource
    query: Query
    values: Values
    types: Types


def page_request(base: str, headers: Mapping[str, str], asked: Asked, position: str | None) -> Request:
    """What asks for the page at the position; `base` is the application's URL."""
    resource, values = asked.resource, asked.values
    params = resource.paging.ask(_own(asked), position)
    if isinstance(params, str):
        return Request("GET", urljoin(base, params), headers)
    url = base + path_filled(resource.path, values)
    return placed(Request(resource.method, url, headers), params, resource.send)


def placed(request: Request, params: Params, send: Place) -> Request:
    """The request with the parameters where they go; a dot in a name parts levels of JSON, a number is a place."""
    if send == "query":
        return replace(request, url=with_query(request.url, _texts(params)))
    body = urlencode(_texts(params)) if send == "form" else json.dumps(_nested(params))
    kind = "application/x-www-form-urlencoded" if send == "form" else "application/json"
    return replace(request, headers={**request.headers, "content-type": kind}, body=body.encode())


def _own(asked: Asked) -> dict[str, Any]:
    resource, query = asked.resource, asked.query
    params = {
        name: filled(value, asked.values) if isinstance(value, str) else value
        for name, value in resource.params.items()
    }
    if resource.page_size is not None:
        params[resource.page_size.param] = min(query.page_size, resource.page_size.most)
    for each in resource.filters:
        params |= each.params(query.conditions, asked.types)
    return params | _projected(asked)


def _projected(asked: Asked) -> dict[str, str]:
    """The parameter that asks for some fields only. A field that nobody has heard of is not asked for."""
    projection, wanted = asked.resource.projection, asked.query.fields
    if projection is None or wanted is None:
        return {}
    known = asked.types or dict.fromkeys(wanted)
    names = [
        name for name in dict.fromkeys((*projection.always, *wanted)) if name in known or name in projection.always
    ]
    return {projection.param: projection.join.join(names)} if names else {}


def _texts(params: Params) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}


def _nested(params: Params) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in params.items():
        *way, last = name.split(".")
        level: Any = whole
        for step in way:
            level = _below(level, step)
        # A copy: what a resource says is not written into.
        level[last] = json.loads(json.dumps(value))
    return whole


def _below(level: object, step: str) -> Any:
    if isinstance(level, list):
        return cast("list[Any]", level)[int(step)]
    return cast("dict[str, Any]", level).setdefault(step, {})
