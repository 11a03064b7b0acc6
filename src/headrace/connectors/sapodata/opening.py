"""From a connector profile to SAP OData's connector."""

from __future__ import annotations

from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.http.logins import Basic, Bearer
from headrace.connector_sdk.http.session import Account
from headrace.connector_sdk.records import Connection
from headrace.connectors.sapodata.addresses import Site
from headrace.connectors.sapodata.connector import SapOData
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.words import judge


def opened(connection: Connection, outside: Outside) -> SapOData:
    """The connector of one profile; SAP is not asked anything yet."""
    login = Basic() if connection.credentials.kind == "BasicAuth" else Bearer()
    # New tokens are had for every connector alike, see OpenedConnector: a session of its own would ask twice.
    session = outside.http.session(Account(outside.connection), login, judge=judge)
    return SapOData(Services(session, Site.of(connection, outside.base_url), outside.kept))
