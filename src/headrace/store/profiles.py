"""Connector profiles, their credentials sealed and bound to the profile's ARN (invariant 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store import documents, tables
from headrace.store.secrets import Sealer
from headrace.store.statements import Statement, binds
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


_t = tables.connector_profiles
_p = _t.c
_NAMES = tuple(Profile.__dataclass_fields__)
_COLUMNS = [_p[name] for name in _NAMES]
_HOME = (_p.account == bindparam("account"), _p.region == bindparam("region"))
_ONE = (*_HOME, _p.name == bindparam("name"))


def _or_any(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return or_(bindparam(name, type_=column.type).is_(None), column == bindparam(name, type_=column.type))


_SELECT = Statement(select(*_COLUMNS).where(*_ONE))
_SELECT_SEALED = Statement(select(*_COLUMNS, _p.sealed_credentials).where(*_ONE))
_SELECT_BY_SECRET = Statement(select(*_COLUMNS, _p.sealed_credentials).where(_p.secret_arn == bindparam("secret_arn")))
_SELECT_PAGE = Statement(
    select(*_COLUMNS)
    .where(
        *_HOME,
        _p.name > bindparam("after"),
        _or_any(_p.connector_type, "connector_type"),
        _or_any(_p.connector_label, "connector_label"),
    )
    .order_by(_p.name)
    .limit(bindparam("most"))
)
_COUNT = Statement(select(func.count()).select_from(_t).where(*_HOME))
_INSERT = Statement(into(_t).values(binds(_t.columns)))
_UPDATE = Statement(
    change(_t)
    .where(_p.arn == bindparam("of_arn"), _p.secret_arn == bindparam("of_secret"), _p.revision == bindparam("old"))
    .values(
        connection_mode=bindparam("connection_mode"),
        properties=bindparam("properties"),
        sealed_credentials=bindparam("sealed_credentials"),
        revision=_p.revision + 1,
        updated_ms=bindparam("updated_ms"),
    )
    .returning(_p.arn)
)
_DELETE = Statement(delete(_t).where(*_ONE).returning(_p.arn))
_SELECT_ALL_SEALED = Statement(
    select(_p.arn, _p.sealed_credentials).where(_p.sealed_credentials.is_not(None)).with_for_update()
)
_RESEAL = Statement(
    change(_t).where(_p.arn == bindparam("of_arn")).values(sealed_credentials=bindparam("sealed_credentials"))
)


def insert(tx: Tx, sealer: Sealer, profile: Profile, secret: Secret) -> None:
    """Add the profile. Its name must be free: look first, in the same transaction."""
    values = {name: getattr(profile, name) for name in _NAMES} | {"properties": documents.dumps(profile.properties)}
    tx.rows(_INSERT, **values, sealed_credentials=_sealed(sealer, profile.arn, secret))


def get(tx: Tx, account: str, region: str, name: str) -> Profile | None:
    row = tx.row(_SELECT, account=account, region=region, name=name)
    return None if row is None else _profile(row)


def get_with_secret(tx: Tx, sealer: Sealer, account: str, region: str, name: str) -> tuple[Profile, Secret] | None:
    """The profile and its credentials, opened. Raises SealError if no present key opens them."""
    return _opened(sealer, tx.row(_SELECT_SEALED, account=account, region=region, name=name))


def get_by_secret(tx: Tx, sealer: Sealer, secret_arn: str) -> tuple[Profile, Secret] | None:
    """As `get_with_secret`, by the ARN of the secret."""
    return _opened(sealer, tx.row(_SELECT_BY_SECRET, secret_arn=secret_arn))


def page(
    tx: Tx, account: str, region: str, *, after: str, limit: int, connector_type: str | None, label: str | None
) -> list[Profile]:
    """The first `limit` profiles by name, after the name `after`; None asks for every type or label."""
    rows = tx.rows(
        _SELECT_PAGE,
        account=account,
        region=region,
        after=after,
        most=limit,
        connector_type=connector_type,
        connector_label=label,
    )
    return [_profile(row) for row in rows]


def count(tx: Tx, account: str, region: str) -> int:
    return int(tx.rows(_COUNT, account=account, region=region)[0][0])


def update(tx: Tx, sealer: Sealer, profile: Profile, secret: Secret, *, now_ms: int) -> bool:
    """Give the profile its mode, properties and credentials of now.

    False if it is gone or was changed by somebody else since it was read: `profile` has the revision read.
    """
    changed = tx.row(
        _UPDATE,
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
    return tx.row(_DELETE, account=account, region=region, name=name) is not None


def reseal(tx: Tx, sealer: Sealer) -> int:
    """Seal every profile's credentials anew with the sealer's first key; how many. Raises SealError, naming one."""
    sealed = tx.rows(_SELECT_ALL_SEALED)
    for arn, text in sealed:
        tx.rows(_RESEAL, of_arn=arn, sealed_credentials=sealer.seal(sealer.open(text, arn), arn))
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
