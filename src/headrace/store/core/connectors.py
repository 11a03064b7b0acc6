"""The statements of `store.connectors`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_t, _h = tables.connectors, tables.connector_hosts
_c = _t.c
_COLUMNS = (
    _c.arn,
    _c.account,
    _c.region,
    _c.label,
    _c.description,
    _c.lambda_arn,
    _c.configuration,
    _c.registered_ms,
    _c.registered_by,
)
_HOME = (_c.account == bindparam("account"), _c.region == bindparam("region"))
_ONE = (*_HOME, _c.label == bindparam("label"))
SELECT = select(*_COLUMNS).where(*_ONE)
SELECT_PAGE = select(*_COLUMNS).where(*_HOME, _c.label > bindparam("after")).order_by(_c.label).limit(bindparam("most"))
INSERT = into(_t).values(binds(_t.columns))
UPDATE = (
    change(_t)
    .where(_c.arn == bindparam("of_arn"))
    .values(
        description=bindparam("description"),
        lambda_arn=bindparam("lambda_arn"),
        configuration=bindparam("configuration"),
    )
    .returning(_c.arn)
)
DELETE = delete(_t).where(*_ONE).returning(_c.arn)
_IS_HOSTED = _h.c.lambda_arn == bindparam("lambda_arn")
SELECT_HOST = select(_h.c.place).where(_IS_HOSTED)
SELECT_HOSTS = select(_h.c.lambda_arn, _h.c.place).order_by(_h.c.lambda_arn)
PUT_HOST = text("""
        INSERT INTO connector_hosts (lambda_arn, place) VALUES (:lambda_arn, :place)
        ON CONFLICT (lambda_arn) DO UPDATE SET place = excluded.place
    """)
DELETE_HOST = delete(_h).where(_IS_HOSTED).returning(_h.c.lambda_arn)
