"""Requests made of a resource, a query and a position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin

from headrace.connector_sdk.http.messages import Request, with_query
from headrace.connector_sdk.records import Query
from headrace.connector_sdk.rest.spec import Api, Place, Resource
from headrace.connector_sdk.templates import filled, path_filled

Values = Mapping[str, str]


def page_request(api: Api, resource: Resource, query: Query, position: str | None, values: Values) -> Request:
    """What asks for the page at the position."""
    base = base_url(api, values)
    asked = resource.paging.ask(_own(resource, query, values), position)
    if isinstance(asked, str):
        return Request("GET", urljoin(base, asked), dict(api.headers))
    url = base + path_filled(resource.path, values)
    return placed(Request(resource.method, url, dict(api.headers)), asked, resource.send)


def base_url(api: Api, values: Values) -> str:
    """Where every path begins, without a slash at its end."""
    return filled(api.base_url, values).rstrip("/")


def placed(request: Request, params: Mapping[str, str], send: Place) -> Request:
    """The request with the parameters where they go; a dot in a name of JSON parts levels."""
    if send == "query":
        return Request(request.method, with_query(request.url, params), request.headers, request.body)
    body = urlencode(params) if send == "form" else json.dumps(_nested(params))
    kind = "application/x-www-form-urlencoded" if send == "form" else "application/json"
    return Request(request.method, request.url, {**request.headers, "content-type": kind}, body.encode())


def _own(resource: Resource, query: Query, values: Values) -> dict[str, str]:
    params = {name: filled(template, values) for name, template in resource.params.items()}
    if resource.page_size is not None:
        params[resource.page_size.param] = str(min(query.page_size, resource.page_size.most))
    return params


def _nested(params: Mapping[str, str]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in params.items():
        *way, last = name.split(".")
        level = whole
        for step in way:
            level = level.setdefault(step, {})
        level[last] = value
    return whole
