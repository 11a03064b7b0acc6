"""The secret of a connection as a custom connector reads it.

Source: the credentials of custom-connector-sdk for Python and Java; where the two spell a name differently, both
spellings are there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from headrace.connector_sdk.records import Connection

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "username": ("userName", "username"),
    "apiSecretKey": ("secretKey", "apiSecretKey"),
}
# What is between headrace and the token endpoint.
_OURS = frozenset({"clientId", "clientSecret"})
_TYPE = "customAuthenticationType"


def secret_text(connection: Connection) -> str:
    """The SecretString; holds credentials in clear."""
    kind, values = connection.credentials.kind, dict(connection.credentials.values)
    if kind == "CustomAuth":
        return json.dumps({"authenticationType": values.pop(_TYPE, None), "customCredentials": values})
    shown = {name: value for name, value in values.items() if kind != "OAuth2" or name not in _OURS}
    return json.dumps({spelt: value for name, value in shown.items() for spelt in _SPELLINGS.get(name, (name,))})
