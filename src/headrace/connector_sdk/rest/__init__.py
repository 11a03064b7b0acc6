"""Applications with a REST interface, described as data: docs/rest-connectors.md."""

from headrace.connector_sdk.declaring import Field
from headrace.connector_sdk.http.limits import Limits
from headrace.connector_sdk.http.logins import Basic, Bearer, Keys, SignIn
from headrace.connector_sdk.rest.connector import RestConnector, opened
from headrace.connector_sdk.rest.faults import Fault, Faults, Wait
from headrace.connector_sdk.rest.filters import Contain, Equal, Language, Span
from headrace.connector_sdk.rest.paging import (
    AfterId,
    Cursor,
    LinkHeader,
    NextLink,
    Offset,
    OnePage,
    PageNumber,
    Paging,
)
from headrace.connector_sdk.rest.spec import Api, Described, Listed, PageSize, Projection, Resource, Results, Write

__all__ = [
    "AfterId",
    "Api",
    "Basic",
    "Bearer",
    "Contain",
    "Cursor",
    "Described",
    "Equal",
    "Fault",
    "Faults",
    "Field",
    "Keys",
    "Language",
    "Limits",
    "LinkHeader",
    "Listed",
    "NextLink",
    "Offset",
    "OnePage",
    "PageNumber",
    "PageSize",
    "Paging",
    "Projection",
    "Resource",
    "RestConnector",
    "Results",
    "SignIn",
    "Span",
    "Wait",
    "Write",
    "opened",
]
