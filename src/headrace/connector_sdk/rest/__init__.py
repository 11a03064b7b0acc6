"""Applications with a REST interface, described as data: docs/rest-connectors.md."""

from headrace.connector_sdk.http.limits import Limits
from headrace.connector_sdk.http.logins import Basic, Bearer, Keys
from headrace.connector_sdk.rest.connector import RestConnector
from headrace.connector_sdk.rest.faults import Fault, Faults
from headrace.connector_sdk.rest.fields import Field
from headrace.connector_sdk.rest.paging import AfterId, Cursor, LinkHeader, NextLink, Offset, OnePage, PageNumber
from headrace.connector_sdk.rest.spec import Api, PageSize, Resource

__all__ = [
    "AfterId",
    "Api",
    "Basic",
    "Bearer",
    "Cursor",
    "Fault",
    "Faults",
    "Field",
    "Keys",
    "Limits",
    "LinkHeader",
    "NextLink",
    "Offset",
    "OnePage",
    "PageNumber",
    "PageSize",
    "Resource",
    "RestConnector",
]
