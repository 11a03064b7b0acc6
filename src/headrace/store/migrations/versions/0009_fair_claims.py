"""The queue by flow, and what is held: claims are fair among flows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("executions_unfinished", "executions")
    _index("executions_queued", ["flow_id", "ticket"], "finished_ms IS NULL AND lease_until_ms IS NULL")
    _index("executions_held", ["flow_id", "lease_until_ms"], "lease_until_ms IS NOT NULL")


def _index(name: str, columns: list[str], where: str) -> None:
    text = sa.text(where)
    op.create_index(name, "executions", columns, sqlite_where=text, postgresql_where=text)
