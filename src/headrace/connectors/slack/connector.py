"""One workspace of Slack: its conversations and their messages.

Source: AppFlow User Guide, Slack; AppFlow API Reference, the example of ListConnectorEntities.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.http.messages import Request
from headrace.connector_sdk.rest import Api, Bearer, Cursor, PageSize, Resource, RestConnector
from headrace.connector_sdk.rest.bodies import Body
from headrace.connector_sdk.rest.connector import sample_of
from headrace.connectors.slack.faults import FAULTS
from headrace.connectors.slack.fields import message_fields
from headrace.connectors.slack.times import Times
from headrace.errors import Denied, NotThere, Stop

_FOLDER = "conversations"
_KINDS = ("public_channel", "private_channel", "mpim", "im")
_PAGING = Cursor("response_metadata.next_cursor", "cursor")
_PAGE_SIZE = PageSize("limit", 999)
_MESSAGES = Resource(
    entity=f"{_FOLDER}/{{channel}}",
    path="/conversations.history",
    params={"channel": "{channel}"},
    records="messages",
    paging=_PAGING,
    page_size=_PAGE_SIZE,
    filters=(Times(),),
)
_CONVERSATIONS = Resource(
    entity=_FOLDER, path="/conversations.list", records="channels", paging=_PAGING, page_size=_PAGE_SIZE
)
_API = Api(
    name="Slack", base_url="{instanceUrl}/api", logins={"OAuth2": Bearer()}, resources=(_MESSAGES,), faults=FAULTS
)


class Slack(RestConnector):
    """One workspace, or as much of it as the token may see."""

    def check(self) -> None:
        """See RecordConnector. It must be Slack that answers, and not some web page at the URL."""
        answer = self.session.send(Request("GET", f"{self.base}/auth.test"))
        if Body(answer).value("ok") is not True:
            raise Stop(f"{answer.where} answered as Slack does not: {answer.start}. Is the instanceUrl right?")

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog: one folder, and in it the conversations."""
        if path is None:
            return [{"name": _FOLDER, "label": "Conversations", "hasNestedEntities": True}]
        if path != _FOLDER:
            raise NotThere(f"Slack has no entities below {path!r}, only below {_FOLDER!r}.")
        return [_entity(json.loads(record)) for record in self._conversations()]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog. The newest message is asked for, so that a conversation that can't be read is known."""
        resource, names = self.resource(entity)
        next(self.pages(resource, replace(sample_of(entity), page_size=1), names))
        return list(message_fields())

    def _conversations(self) -> Sequence[str]:
        try:
            return self._listed(*_KINDS)
        except Denied:
            # Slack refuses the whole list where the scope of one kind is missing.
            return self._permitted()

    def _permitted(self) -> Sequence[str]:
        found: list[str] = []
        refusals: list[Denied] = []
        for kind in _KINDS:
            try:
                found += self._listed(kind)
            except Denied as refusal:
                refusals.append(refusal)
        if len(refusals) == len(_KINDS):
            raise refusals[0]
        return found

    def _listed(self, *kinds: str) -> Sequence[str]:
        resource = replace(_CONVERSATIONS, params={"types": ",".join(kinds)})
        return [record for page in self.pages(resource, sample_of(_FOLDER), {}) for record in page.records]


def opened(outside: Outside) -> Slack:
    """The connector of one profile; Slack is not asked anything yet."""
    return Slack(_API, outside)


def _entity(conversation: Mapping[str, Any]) -> Mapping[str, Any]:
    # A direct message has no name, but the user at its other end.
    label = conversation.get("name") or conversation.get("user") or conversation["id"]
    return {"name": f"{_FOLDER}/{conversation['id']}", "label": label, "hasNestedEntities": False}
