"""When scheduled flows are due, and how far their windows have come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_GRID = "(updated_ms / 1000 + 1) * 1000"


def upgrade() -> None:
    for name in ("next_fire_ms", "grid_start_ms", "read_until_ms"):
        op.add_column("flows", sa.Column(name, sa.BigInteger))
    op.add_column("executions", sa.Column("scheduled_for_ms", sa.BigInteger))
    _index("flows_due", "flows", "next_fire_ms", ["next_fire_ms", "flow_id"])
    _index("executions_once_due", "executions", "scheduled_for_ms", ["flow_id", "scheduled_for_ms"], unique=True)
    # Flows that were activated before anything was scheduled: as if they had been since they were last changed.
    op.execute(
        f"UPDATE flows SET grid_start_ms = {_GRID}, next_fire_ms = {_GRID}"  # noqa: S608 - a constant
        " WHERE status = 'Active' AND trigger_type = 'Scheduled'"
    )


def _index(name: str, table: str, column: str, columns: list[str], *, unique: bool = False) -> None:
    has_value = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, columns, unique=unique, sqlite_where=has_value, postgresql_where=has_value)
