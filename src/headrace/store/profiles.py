"""Connector profiles, their credentials sealed and bound to the profile's ARN (invariant 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headrace.store import documents
from headrace.store.secrets import Sealer
from headrace.store.sql import profiles as sql
from headrace.store.tx import Row, Tx


@dataclass(frozen=True, slots=True)
class Profile:
    """A connector profile, without what it authenticates with.

    `properties` is the connector's member of connectorProfileProperties. `revision` goes up with every change of
    the profile or its credentials.
    """

    arn: str
    account: str
    region: str
    name: str
    connector_type: str
    connector_label: str | None
    connection_mode: str
    kms_arn: str | None
    properties: dict[str, Any]
    secret_arn: str
    revision: int
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Secret:
    """What a profile authenticates with.

    `given` is the connector's member of connectorProfileCredentials, None where the profile has none. `tokens` are
    those that a token endpoint answered since: accessToken, refreshToken, expiresMs.
    """

    given: dict[str, Any] | None = field(repr=False)
    tokens: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)


_NAMES = tuple(Profile.__dataclass_fields__)


def insert(tx: Tx, sealer: Sealer, profile: Profile, secret: Secret) -> None:
    """Add the profile. Its name must be free: look first, in the same transaction."""
    values = {name: getattr(profile, name) for name in _NAMES} | {"properties": documents.dumps(profile.properties)}
    tx.rows(sql.INSERT, **values, sealed_credentials=_sealed(sealer, profile.arn, secret))


def get(tx: Tx, account: str, region: str, name: str) -> Profile | None:
    row = tx.row(sql.SELECT, account=account, region=region, name=name)
    return None if row is None else _profile(row)


def get_with_secret(tx: Tx, sealer: Sealer, account: str, region: str, name: str) -> tuple[Profile, Secret] | None:
    """The profile and its credentials, opened. Raises SealError if no present key opens them."""
    return _opened(sealer, tx.row(sql.SELECT_SEALED, account=account, region=region, name=name))


def get_by_secret(tx: Tx, sealer: Sealer, secret_arn: str) -> tuple[Profile, Secret] | None:
    """As `get_with_secret`, by the ARN of the secret."""
    return _opened(sealer, tx.row(sql.SELECT_BY_SECRET, secret_arn=secret_arn))


def page(
    tx: Tx, account: str, region: str, *, after: str, limit: int, connector_type: str | None, label: str | None
) -> list[Profile]:
    """The first `limit` profiles by name, after the name `after`; None asks for every type or label."""
    rows = tx.rows(
        sql.SELECT_PAGE,
        account=account,
        region=region,
        after=after,
        most=limit,
        connector_type=connector_type,
        connector_label=label,
    )
    return [_profile(row) for row in rows]


def count(tx: Tx, account: str, region: str) -> int:
    return int(tx.rows(sql.COUNT, account=account, region=region)[0][0])


def update(tx: Tx, sealer: Sealer, profile: Profile, secret: Secret, *, now_ms: int) -> bool:
    """Give the profile its mode, properties and credentials of now.

    False if it is gone or was changed by somebody else since it was read: `profile` has the revision read.
    """
    changed = tx.row(
        sql.UPDATE,
        of_arn=profile.arn,
        of_secret=profile.secret_arn,
        old=profile.revision,
        connection_mode=profile.connection_mode,
        properties=documents.dumps(profile.properties),
        sealed_credentials=_sealed(sealer, profile.arn, secret),
        updated_ms=now_ms,
    )
    return changed is not None


def delete_profile(tx: Tx, account: str, region: str, name: str) -> bool:
    """Delete the profile and its credentials; False if there is none."""
    return tx.row(sql.DELETE, account=account, region=region, name=name) is not None


def reseal(tx: Tx, sealer: Sealer) -> int:
    """Seal every profile's credentials anew with the sealer's first key; how many. Raises SealError, naming one."""
    sealed = tx.rows(sql.SELECT_ALL_SEALED)
    for arn, text in sealed:
        tx.rows(sql.RESEAL, of_arn=arn, sealed_credentials=sealer.seal(sealer.open(text, arn), arn))
    return len(sealed)


def _opened(sealer: Sealer, row: Row | None) -> tuple[Profile, Secret] | None:
    if row is None:
        return None
    profile = _profile(row[:-1])
    if row[-1] is None:
        return profile, Secret(None)
    kept = documents.loads(sealer.open(row[-1], profile.arn))
    return profile, Secret(kept["given"], kept["tokens"])


def _sealed(sealer: Sealer, arn: str, secret: Secret) -> str | None:
    if secret.given is None:
        return None
    return sealer.seal(documents.dumps({"given": secret.given, "tokens": secret.tokens}), arn)


def _profile(row: Row) -> Profile:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values["properties"] = documents.loads(values["properties"])
    return Profile(**values)
