"""Backfills and their slices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("executions", sa.Column("backfill_id", sa.Text))
    op.create_table(
        "backfills",
        sa.Column("backfill_id", sa.Text, primary_key=True),
        sa.Column("flow_id", sa.Text, sa.ForeignKey("flows.flow_id", ondelete="CASCADE"), nullable=False),
        *_numbers("number"),
        *_texts("state"),
        *_numbers("from_ms", "to_ms"),
        *_texts("every"),
        *_numbers("slice_count", "begun", "parallel", "stops_on_failure"),
        *_texts("filters"),
        *_numbers("created_ms"),
        *_texts("created_by"),
        *_numbers("started_ms"),
        sa.Column("finished_ms", sa.BigInteger),
        sa.UniqueConstraint("flow_id", "number", name="backfills_of_flow"),
    )
    op.create_table(
        "backfill_slices",
        sa.Column("backfill_id", sa.Text, sa.ForeignKey("backfills.backfill_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        *_texts("state", "execution_id"),
        *_numbers("runs"),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("message", sa.Text),
        *_numbers("records_read", "records_written", "records_rejected", "records_dropped"),
    )
    op.create_index("backfill_slices_by_state", "backfill_slices", ["backfill_id", "state", "number"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
