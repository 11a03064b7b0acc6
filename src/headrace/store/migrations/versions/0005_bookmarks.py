"""Where incremental flows begin to read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "bookmarks",
        sa.Column("flow_id", sa.Text, sa.ForeignKey("flows.flow_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("bookmark", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
