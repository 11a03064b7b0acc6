"""What a connector of records is: an opened profile, pages to read, batches to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from headrace.connector_sdk.record_text import json_record

CredentialKind = Literal["OAuth2", "BasicAuth", "ApiKey", "CustomAuth"]
Side = Literal["SOURCE", "DESTINATION"]
WriteOperation = Literal["INSERT", "UPDATE", "UPSERT", "DELETE"]
ConditionOperator = Literal[
    "EQUAL_TO",
    "CONTAINS",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL_TO",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL_TO",
    "BETWEEN",
]
ConditionKind = Literal["text", "number", "instant", "boolean"]

# Members of credentials that may be said aloud. Whatever else stands there is a secret, known or not.
_NO_SECRETS = frozenset({"clientId", "customAuthenticationType", "username"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a profile authenticates with; the names of the values are those of the connector's profile credentials."""

    kind: CredentialKind
    values: Mapping[str, str] = field(repr=False)

    @property
    def secrets(self) -> dict[str, str]:
        """Those of the values that nobody may say aloud (invariant 8), by name."""
        return {name: value for name, value in self.values.items() if name not in _NO_SECRETS}


@dataclass(frozen=True, slots=True)
class Connection:
    """A connector profile, opened; `properties` are its profile properties, those of a custom connector flattened.

    `connector_label` is set for custom connectors only. `secret_arn` names the secret the credentials lie in.
    """

    account: str
    region: str
    profile_name: str
    connector_type: str
    connector_label: str | None
    properties: Mapping[str, str]
    credentials: Credentials
    secret_arn: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field must be for a record to be wanted; the operators are AppFlow's.

    EQUAL_TO and CONTAINS have one value or several, of which any may be met; BETWEEN has two, the bounds, which are
    to be let in; every other operator has one. `kind` is how the flow
    compares, which need not be the field's type. Values are text: numbers plain decimals, instants a day
    (2024-01-31) or UTC with at most milliseconds (2024-01-31T12:00:00.5Z), booleans true or false.
    """

    field: str
    operator: ConditionOperator
    values: tuple[str, ...]
    kind: ConditionKind


@dataclass(frozen=True, slots=True)
class Query:
    """What to read.

    `fields` None asks for every field. `conditions` are to be met all at once, and `filter_expression` says the
    same in AppFlow's grammar. Both are hints only: whoever reads filters again, so a condition that can't be said
    exactly is to be left out, or widened. `after` is the position that a page named; None reads from the start.
    `settings` are the flow's runtime settings for the connector. In an incremental flow of a source that
    keeps its place, `since` is the bookmark that the last successful execution ended with, empty before the first
    one; and `timestamp_field` the field that the flow names as its datetimeTypeFieldName.
    """

    entity: str
    fields: tuple[str, ...] | None
    filter_expression: str | None
    after: str | None
    page_size: int
    flow_name: str
    execution_id: str
    api_version: str | None
    settings: Mapping[str, str]
    conditions: tuple[Condition, ...] = ()
    since: str | None = None
    timestamp_field: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Page:
    """Records, each the JSON text of one object, and the position where the next page begins; None: the last page.

    `bookmark` is where an incremental flow's next execution begins, should this page be the last one; None: where
    an earlier page said.
    """

    records: tuple[str, ...]
    position: str | None
    bookmark: str | None

    def __init__(
        self, records: Iterable[str | Mapping[str, Any]], position: str | None = None, bookmark: str | None = None
    ) -> None:
        """Records may also be given as mappings, see `json_record`. Raises Stop for what JSON can't hold."""
        given = tuple(records)
        is_text = set(map(type, given)) <= {str}
        texts = given if is_text else tuple(each if isinstance(each, str) else json_record(each) for each in given)
        object.__setattr__(self, "records", texts)
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "bookmark", bookmark)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to write, each the JSON text of one object.

    `key` is the same when the same batch is sent again. `id_fields` tell which record is meant, other than for
    INSERT. `all_or_none`: one record that fails takes the whole batch back.
    """

    key: str
    entity: str
    operation: WriteOperation
    id_fields: tuple[str, ...]
    records: tuple[str, ...]
    flow_name: str
    execution_id: str
    api_version: str | None
    settings: Mapping[str, str]
    all_or_none: bool


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that the destination refused: its place in the batch, from 0, and why."""

    place: int
    reason: str


class RecordSource(Protocol):
    """A source that answers pages of records."""

    def read(self, query: Query) -> Iterator[Page]:
        """The pages from `query.after` on, to the last one. Raises Retry or Stop."""
        ...


@runtime_checkable
class KeepsPlace(Protocol):
    """A source that says by bookmarks where an incremental flow goes on; of any other a window of time is read."""

    def keeps_place(self, entity: str, *, api_version: str | None = None) -> bool:
        """Whether it does for the entity. Raises Retry or Stop."""
        ...


class RecordDestination(Protocol):
    """A destination that takes batches of records."""

    @property
    def batch_size(self) -> int:
        """The most records that a batch may have."""
        ...

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """Write the records; those refused are answered, all others are durable. Raises Retry or Stop."""
        ...


class Catalog(Protocol):
    """The entities that an application has, in the API's shapes."""

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The entities below `path`, as ConnectorEntity; None: the topmost. Raises Retry or Stop."""
        ...

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The fields of the entity, as ConnectorEntityField. Raises Retry or Stop."""
        ...


class RecordConnector(RecordSource, RecordDestination, Catalog, Protocol):
    """A connector that reads, writes and can be browsed; what it can't do it refuses with Stop.

    Credentials that the application does not take are Refused, from every method.
    """

    def check(self) -> None:
        """Return if the profile's properties and credentials will do. Raises Retry or Stop."""
        ...

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """Return if a flow's runtime settings will do for that side. Raises Retry or Stop, which says what is wrong."""
        ...


class Connections(Protocol):
    """How operations and the runner get at a connection."""

    def open(self, account: str, region: str, profile_name: str, connector_type: str | None = None) -> RecordConnector:
        """The connector of the profile.

        Raises Stop where the profile or its connector is gone, or is of another type than a `connector_type` given.
        """
        ...
