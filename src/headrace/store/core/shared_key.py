"""The statements of `store.shared_key`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from headrace.store.core.tables import facts

SELECT = select(facts.c.value).where(facts.c.name == bindparam("name"))
INSERT = insert(facts).values(name=bindparam("name"), value=bindparam("value"))
DELETE = delete(facts).where(facts.c.name == bindparam("name"))
