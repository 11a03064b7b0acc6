"""The webhook: a source that is not asked for records, since they are posted to headrace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.connector_sdk import lambda_shapes as shapes
from headrace.connector_sdk.built_in import OBJECTS
from headrace.connector_sdk.declaring import NO_AUTHENTICATION
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side
from headrace.errors import Stop

# The label of the connector that every account has without registering it.
LABEL: Final = "Webhook"
SIGNING: Final = "SigningSecret"
_KEY: Final = "secret"
_SHORTEST: Final = 16
_HINT: Final = (
    "The secret that senders sign with; one that begins with whsec_ holds base64, as Standard Webhooks has it"
)

CONFIGURATION: Final[Mapping[str, Any]] = {
    **shapes.configuration(
        {
            "connectorOwner": "headrace",
            "connectorName": LABEL,
            "connectorVersion": "1.0",
            "connectorModes": ["SOURCE"],
            "triggerFrequenciesSupported": [],
            "supportedWriteOperations": [],
            "authenticationConfig": {
                "isCustomAuthSupported": True,
                "customAuthConfig": [
                    {"authenticationType": NO_AUTHENTICATION.name, "authParameters": []},
                    {
                        "authenticationType": SIGNING,
                        "authParameters": [
                            {"key": _KEY, "required": True, "sensitiveField": True, "description": _HINT}
                        ],
                    },
                ],
            },
        }
    ),
    "supportedTriggerTypes": ["Event"],
}


@dataclass(frozen=True)
class Webhook:
    """One connector profile of the webhook; see RecordConnector. Its entities are what flows call them."""

    connection: Connection
    batch_size = 1

    @property
    def secret(self) -> str | None:
        """What senders sign with; None: they show an access key."""
        return self.connection.credentials.values.get(_KEY)

    def group(self, path: str | None) -> str:  # noqa: ARG002 (there is one)
        """See Opened."""
        return OBJECTS

    def read(self, query: Query) -> Iterator[Page]:
        """There is nothing to read: raises Stop."""
        raise Stop(
            f"The records of {query.entity!r} are posted to headrace, so there are none to be read. Let events start"
            " the flow, and post records to it."
        )

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """A webhook is no destination: raises Stop."""
        raise Stop(f"{LABEL} is a source: it takes no records of {batch.entity!r}. Name another destination.")

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog: none are known, a flow may name any."""
        return ()

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """See Catalog: fields are those of the records that come, so none are known."""
        return ()

    def check(self) -> None:
        """See RecordConnector."""
        kind = self.connection.credentials.values.get("customAuthenticationType")
        if kind not in {NO_AUTHENTICATION.name, SIGNING}:
            raise Stop(
                f"A profile of {LABEL} has the customAuthenticationType {NO_AUTHENTICATION.name}, or {SIGNING} with a"
                f" {_KEY}."
            )
        if kind == SIGNING and len(self.secret or "") < _SHORTEST:
            raise Stop(f"{SIGNING} needs a {_KEY} of at least {_SHORTEST} characters: openssl rand -hex 32")

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """See RecordConnector."""
        if scope == "DESTINATION":
            raise Stop(f"{LABEL} is a source, no destination.")
        if settings:
            raise Stop(f"{LABEL} has no customProperties: leave out {', '.join(sorted(settings))}.")
