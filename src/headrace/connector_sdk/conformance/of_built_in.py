"""A built-in connector of records, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.conformance.subject import Abilities, Subject, Writing
from headrace.connector_sdk.records import Connection, RecordConnector, WriteOperation

_NONE: Mapping[str, str] = {}


def of_built_in(
    kind: RecordConnectorType,
    connection: Connection,
    outside: Outside,
    *,
    keeps_batches_once: bool = False,
    settings: Mapping[str, str] = _NONE,
    entities: Sequence[str] = (),
    write: Sequence[Writing | str] = (),
) -> Subject:
    """The connector as something to check, with the connection and the outside that it is given."""

    def opened(held: Connection) -> RecordConnector:
        return kind.open(held, replace(outside, connection=lambda: held))

    said = kind.declaration
    return Subject(
        name=kind.connector_type,
        open=opened,
        connection=connection,
        abilities=Abilities(
            reads=said.is_source,
            writes=said.is_destination,
            operations=cast("tuple[WriteOperation, ...]", said.writes),
            keeps_batches_once=keeps_batches_once,
        ),
        tried=lambda held: opened(held).check(),
        settings=settings,
        entities=tuple(entities),
        writings=tuple(Writing(each) if isinstance(each, str) else each for each in write),
    )
