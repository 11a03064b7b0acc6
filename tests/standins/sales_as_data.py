"""The sales service of tests/standins/odata described as data, with nothing that knows OData."""

from __future__ import annotations

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.rest import (
    Api,
    Basic,
    Faults,
    Field,
    Language,
    NextLink,
    Projection,
    Resource,
    opened,
)

# The name of this member has a dot in it.
_PAGES = NextLink(("@odata.nextLink",))
_FILTER = Language(
    param="$filter",
    says={
        "EQUAL_TO": "{field} eq {value}",
        "CONTAINS": "contains({field},{value})",
        "GREATER_THAN_OR_EQUAL_TO": "{field} ge {value}",
        "LESS_THAN_OR_EQUAL_TO": "{field} le {value}",
    },
)


def _entity_set(name: str, key: str, *fields: Field) -> Resource:
    return Resource(
        entity=name,
        path=f"/{name}",
        params={"$orderby": key},
        records="value",
        paging=_PAGES,
        filters=(_FILTER,),
        projection=Projection("$select"),
        fields=fields,
    )


API = Api(
    name="Sales",
    base_url="{applicationHostUrl}:{portNumber}{applicationServicePath}",
    logins={"BasicAuth": Basic()},
    faults=Faults(code="error.code", words="error.message"),
    check="/",
    resources=(
        _entity_set(
            "SalesOrders",
            "ID",
            Field("ID", "Integer", is_primary_key=True),
            *map(Field, ("status", "note")),
            Field("gross", "BigDecimal"),
            Field("weight", "Double"),
            Field("pieces", "Long"),
            Field("isPaid", "Boolean"),
            Field("orderedOn", "Date"),
            Field("shippedAt", "DateTime"),
            Field("changedAt", "DateTime", is_cursor=True),
        ),
        _entity_set("Customers", "ID", Field("ID", is_primary_key=True), *map(Field, ("name", "country"))),
    ),
)
CONNECTOR = RecordConnectorType(connector_type="SAPOData", open=opened(API))
