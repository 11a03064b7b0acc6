"""How far destinations that take records have got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column(
            "execution_id", sa.Text, sa.ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("bytes_written", sa.BigInteger, nullable=False),
        sa.Column("refused_path", sa.Text, nullable=False),
        sa.Column("refused_bytes", sa.BigInteger, nullable=False),
    )
