"""The statements of `store.revisions`."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from headrace.store.core import tables

_r = tables.revisions.c
SELECT = select(_r.document).where(_r.flow_id == bindparam("flow_id"), _r.revision == bindparam("revision"))
