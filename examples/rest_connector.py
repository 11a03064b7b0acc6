"""A connector for a help desk, described as data; docs/rest-connectors.md goes through it line by line."""

from __future__ import annotations

from headrace.connector_sdk.built_in import OAuth, RecordConnectorType
from headrace.connector_sdk.rest import (
    Api,
    Basic,
    Bearer,
    Cursor,
    Described,
    Equal,
    Fault,
    Faults,
    Field,
    Limits,
    Listed,
    NextLink,
    Offset,
    PageSize,
    Projection,
    Resource,
    Span,
    Write,
    opened,
)

TICKETS = Resource(
    entity="tickets",
    label="Tickets",
    path="/tickets",
    records="tickets",
    paging=Cursor("meta.after", "after", more="meta.has_more"),
    page_size=PageSize("limit", 100),
    filters=(Span("updated_at", low="updated_since", form="epoch_s"), Equal("status", "status")),
    projection=Projection("fields", always=("id",)),
    fields=(
        Field("id", "Integer", is_primary_key=True),
        Field("subject", is_nullable=False),
        Field("status", values=("open", "solved")),
        Field("updated_at", "DateTime", is_cursor=True, operations=()),
    ),
    writes=(
        Write(operation="INSERT", path="/tickets", within="ticket", key_header="idempotency-key"),
        Write(operation="UPDATE", method="PATCH", path="/tickets/{id}", within="ticket", drops_ids=True),
        Write(operation="DELETE", method="DELETE", path="/tickets/{id}"),
    ),
)
USERS = Resource(
    entity="users",
    label="Users",
    path="/users",
    records="users",
    paging=NextLink("links.next"),
    page_size=PageSize("limit", 100),
    fields=(Field("id", "Integer", is_primary_key=True), Field("name"), Field("is_agent", "Boolean")),
)
TABLES = Resource(
    entity="tables/{table}",
    path="/tables/{table}/rows",
    records="rows",
    paging=Offset("offset", total="count"),
    page_size=PageSize("limit", 100),
    listed=Listed(
        by=Resource(entity="tables", path="/tables", records="tables"), names={"table": "key"}, under="tables"
    ),
    fields=Described(
        by=Resource(entity="columns", path="/tables/{table}/columns", records="columns"),
        name="name",
        type="kind",
        types={"number": "Double", "flag": "Boolean"},
        key="is_key",
    ),
)
API = Api(
    name="Help desk",
    base_url="{instanceUrl}/api/v1",
    logins={"OAuth2": Bearer(), "BasicAuth": Basic("{username}/token", "{password}")},
    faults=Faults(code="error.code", words="error.text", known=(Fault("again", codes=("busy",)),)),
    limits=Limits(concurrent=4, per_s=50),
    check="/me",
    resources=(TICKETS, USERS, TABLES),
)
CONNECTOR = RecordConnectorType(connector_type="Zendesk", open=opened(API), oauth=OAuth("{{instanceUrl}}/oauth/token"))
