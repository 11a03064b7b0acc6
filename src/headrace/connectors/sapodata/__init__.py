"""SAP OData: entity sets of OData services, versions 2 and 4, of SAP S/4HANA and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.connector_sdk.built_in import OAuth, RecordConnectorType
from headrace.later import Later

if TYPE_CHECKING:
    from headrace.connectors.sapodata import opening
else:
    opening = Later("headrace.connectors.sapodata.opening")

CONNECTOR = RecordConnectorType(
    connector_type="SAPOData",
    open=lambda connection, outside: opening.opened(connection, outside),  # noqa: PLW0108 - to name it would load it
    oauth=OAuth("{{tokenUrl}}", "{{authCodeUrl}}"),
)
