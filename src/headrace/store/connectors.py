"""Registered connectors, and where the code behind a lambdaArn runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.store import documents
from headrace.store.sql import connectors as sql
from headrace.store.tx import Row, Tx


@dataclass(frozen=True, slots=True)
class Connector:
    """A registered connector; `configuration` is what it said of itself."""

    arn: str
    account: str
    region: str
    label: str
    description: str | None
    lambda_arn: str
    configuration: dict[str, Any]
    registered_ms: int
    registered_by: str


_NAMES = tuple(Connector.__dataclass_fields__)


def insert(tx: Tx, connector: Connector) -> None:
    """Add the connector. Its label must be free: look first, in the same transaction."""
    values = {name: getattr(connector, name) for name in _NAMES}
    tx.rows(sql.INSERT, **values | {"configuration": documents.dumps(connector.configuration)})


def get(tx: Tx, account: str, region: str, label: str) -> Connector | None:
    row = tx.row(sql.SELECT, account=account, region=region, label=label)
    return None if row is None else _connector(row)


def page(tx: Tx, account: str, region: str, *, after: str, limit: int) -> list[Connector]:
    """The first `limit` connectors by label, after the label `after`."""
    return [
        _connector(row) for row in tx.rows(sql.SELECT_PAGE, account=account, region=region, after=after, most=limit)
    ]


def update(tx: Tx, connector: Connector) -> bool:
    """Give the connector its description, place and configuration of now; False if it is gone."""
    changed = tx.row(
        sql.UPDATE,
        of_arn=connector.arn,
        description=connector.description,
        lambda_arn=connector.lambda_arn,
        configuration=documents.dumps(connector.configuration),
    )
    return changed is not None


def delete_connector(tx: Tx, account: str, region: str, label: str) -> bool:
    """Delete the connector; False if there is none."""
    return tx.row(sql.DELETE, account=account, region=region, label=label) is not None


def place(tx: Tx, lambda_arn: str) -> dict[str, Any] | None:
    """Where the code behind the ARN runs, as a document; None: not here."""
    row = tx.row(sql.SELECT_HOST, lambda_arn=lambda_arn)
    return None if row is None else documents.loads(row[0])


def places(tx: Tx) -> dict[str, dict[str, Any]]:
    """Every place, by ARN."""
    return {arn: documents.loads(text) for arn, text in tx.rows(sql.SELECT_HOSTS)}


def put_place(tx: Tx, lambda_arn: str, place: Mapping[str, Any]) -> None:
    """Let the code behind the ARN run there from now on."""
    tx.rows(sql.PUT_HOST, lambda_arn=lambda_arn, place=documents.dumps(place))


def remove_place(tx: Tx, lambda_arn: str) -> bool:
    """Let the ARN have no place here; False if it had none."""
    return tx.row(sql.DELETE_HOST, lambda_arn=lambda_arn) is not None


def _connector(row: Row) -> Connector:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values["configuration"] = documents.loads(values["configuration"])
    return Connector(**values)
