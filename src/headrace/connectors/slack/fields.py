"""The fields of Slack's messages.

Source: AWS Glue Developer Guide, Slack entity and field details, which name AppFlow's entities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headrace.connector_sdk.lambda_shapes import field
from headrace.connectors.slack.times import FIELD

_TYPES: Mapping[str, tuple[str, ...]] = {
    "String": (
        *("app_id", "bot_id", "channel", "client_msg_id", "inviter", "last_read", "latest_reply", "permalink"),
        *("subtype", "team", "text", "thread_ts", "ts", "type", "user"),
    ),
    "Integer": ("reply_count", "reply_users_count"),
    "Boolean": ("display_as_bot", "is_locked", "is_starred", "no_notifications", "subscribed", "upload"),
    "List": ("attachments", "blocks", "files", "pinned_to", "reactions", "replies", "reply_users"),
    "Struct": ("bot_profile", "edited", "metadata", "pinned_info", "room", "root"),
}
_BY_TIME = (*("EQUAL_TO", "BETWEEN", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO"),)


def message_fields() -> Iterator[Mapping[str, Any]]:
    """Each as a ConnectorEntityField, sorted by name; by `ts` messages are told apart, selected and found new."""
    names = {name: data_type for data_type, names in _TYPES.items() for name in names}
    for name in sorted(names):
        is_time = name == FIELD
        yield field(
            {
                "fieldName": name,
                "dataType": names[name],
                "isPrimaryKey": is_time,
                "filterOperators": list(_BY_TIME) if is_time else [],
                "readProperties": {
                    "isRetrievable": True,
                    "isQueryable": is_time,
                    "isTimestampFieldForIncrementalQueries": is_time,
                },
            }
        )
