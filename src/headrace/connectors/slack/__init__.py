"""Slack as a source: the messages of its conversations.

Source: AppFlow User Guide, Slack; AppFlow API Reference, the example of ListConnectorEntities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.connector_sdk.built_in import OBJECTS, OAuth, RecordConnectorType
from headrace.connector_sdk.token_style import TokenStyle
from headrace.later import Later

if TYPE_CHECKING:
    from headrace.connectors.slack import connector
else:
    connector = Later("headrace.connectors.slack.connector")

CONNECTOR = RecordConnectorType(
    connector_type="Slack",
    open=lambda _, outside: connector.opened(outside),
    oauth=OAuth("{{instanceUrl}}/api/oauth.v2.access", style=TokenStyle(within="authed_user")),
    group=lambda path: OBJECTS if path is None else "Channels",
)
