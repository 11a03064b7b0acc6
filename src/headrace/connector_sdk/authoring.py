"""How a connector is written: declare what it is as attributes, then write `read`, `write` or both.

    class Countries(Source):
        label = "Countries"
        entities = (Entity("country", (Field("code", is_primary_key=True), Field("name"))),)

        def read(self, query: Query) -> Iterator[Page]:
            offset = int(query.after or 0)
            while rows := get(after=offset):
                offset += len(rows)
                yield Page(rows, position=str(offset))

`lambda_handler(Countries)` answers AppFlow's requests with it, on headrace, on AWS Lambda or behind HTTP. All
that is imported here is the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from headrace.connector_sdk.declaring import (
    ApiKey,
    Authentication,
    BasicAuth,
    CustomAuth,
    DataType,
    Entity,
    Field,
    OAuth2,
    Parameter,
    Setting,
)
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, WriteOperation
from headrace.errors import NotThere, Refused, Retry, Stop

if TYPE_CHECKING:
    from headrace.model.types import Operators, ScheduleFrequencyType

__all__ = [
    "ApiKey",
    "Authentication",
    "BasicAuth",
    "Batch",
    "Connection",
    "CustomAuth",
    "DataType",
    "Destination",
    "Entity",
    "Field",
    "NotThere",
    "OAuth2",
    "Page",
    "Parameter",
    "Query",
    "Refused",
    "Rejection",
    "Retry",
    "Setting",
    "Source",
    "Stop",
    "WriteOperation",
]


class Authored:
    """What `Source` and `Destination` have in common; one class may be both.

    `label` is the connector's name, that of the class where it is empty. `entities` are those that are known
    beforehand. No `authentication`: it needs no credentials. `operators` and `frequencies` None: all that AppFlow
    has. An instance serves one connection and one call; several may be at work at once.
    """

    label: ClassVar[str] = ""
    owner: ClassVar[str] = ""
    version: ClassVar[str] = "1.0"
    api_versions: ClassVar[tuple[str, ...]] = ("v1.0",)
    logo_url: ClassVar[str | None] = None
    authentication: ClassVar[tuple[Authentication, ...]] = ()
    settings: ClassVar[tuple[Setting, ...]] = ()
    operators: ClassVar[tuple[Operators, ...] | None] = None
    frequencies: ClassVar[tuple[ScheduleFrequencyType, ...] | None] = None
    metadata_holds_s: ClassVar[int] = 3600
    entities: ClassVar[tuple[Entity, ...]] = ()

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def properties(self) -> Mapping[str, str]:
        """The connector profile's properties; on AppFlow's requests with the flow's settings among them."""
        return self.connection.properties

    @property
    def credentials(self) -> Mapping[str, str]:
        """What the profile authenticates with: `username` and `password`; `apiKey` and `apiSecretKey`; `accessToken`
        and `refreshToken`; or the parameters of a CustomAuth.
        """
        return self.connection.credentials.values

    def check(self) -> None:
        """Return if the application takes the credentials. Raises Refused if not, Retry or Stop where it fails."""

    def find_entities(self) -> Iterable[Entity]:
        """The topmost entities: `entities`, unless overridden by one that asks the application."""
        return self.entities

    def describe(self, entity: str) -> Entity:
        """The entity with its fields, out of `find_entities` unless overridden. Raises NotThere if there is none."""
        for each in walk(self.find_entities()):
            if each.name == entity:
                return each
        raise NotThere(f"There is no entity {entity!r}.")


class Source(Authored):
    """A source of records."""

    def read(self, query: Query) -> Iterable[Page]:
        """The pages from `query.after` on, in an order that repeats; each names the position where the next begins.

        All but `entity` and `after` are hints: what is not filtered, projected or cut here is so later. Raises
        Retry, after which reading goes on at the last position, or Stop.
        """
        raise Stop(f"{type(self).__name__} has no method read, so {query.entity} can't be read.")


class Destination(Authored):
    """A destination of records.

    `batch_size`: the most records that `write` gets. `keeps_batches_once`: a batch whose `key` was there before
    changes nothing.
    """

    batch_size: ClassVar[int] = 200
    write_operations: ClassVar[tuple[WriteOperation, ...]] = ("INSERT",)
    keeps_batches_once: ClassVar[bool] = False

    def write(self, batch: Batch) -> Iterable[Rejection]:
        """Write the records: what is refused is answered, all else is durable. Raises Retry or Stop."""
        raise Stop(f"{type(self).__name__} has no method write, so {batch.entity} can't be written to.")


def walk(entities: Iterable[Entity]) -> Iterator[Entity]:
    """The entities and those nested in them."""
    for each in entities:
        yield each
        yield from walk(each.entities)
