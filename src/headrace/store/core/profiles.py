"""The statements of `store.profiles`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_t = tables.connector_profiles
_p = _t.c
_COLUMNS = (
    _p.arn,
    _p.account,
    _p.region,
    _p.name,
    _p.connector_type,
    _p.connector_label,
    _p.connection_mode,
    _p.kms_arn,
    _p.properties,
    _p.secret_arn,
    _p.revision,
    _p.created_ms,
    _p.updated_ms,
)
_HOME = (_p.account == bindparam("account"), _p.region == bindparam("region"))
_ONE = (*_HOME, _p.name == bindparam("name"))


def _or_any(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return or_(bindparam(name, type_=column.type).is_(None), column == bindparam(name, type_=column.type))


SELECT = select(*_COLUMNS).where(*_ONE)
SELECT_SEALED = select(*_COLUMNS, _p.sealed_credentials).where(*_ONE)
SELECT_BY_SECRET = select(*_COLUMNS, _p.sealed_credentials).where(_p.secret_arn == bindparam("secret_arn"))
SELECT_PAGE = (
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
COUNT = select(func.count()).select_from(_t).where(*_HOME)
INSERT = into(_t).values(binds(_t.columns))
UPDATE = (
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
DELETE = delete(_t).where(*_ONE).returning(_p.arn)
SELECT_ALL_SEALED = select(_p.arn, _p.sealed_credentials).where(_p.sealed_credentials.is_not(None)).with_for_update()
RESEAL = change(_t).where(_p.arn == bindparam("of_arn")).values(sealed_credentials=bindparam("sealed_credentials"))
