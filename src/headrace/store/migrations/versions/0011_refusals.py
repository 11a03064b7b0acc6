"""What destinations refuse lies in the store: another machine may go on with the delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column(
            "execution_id",
            sa.Text,
            sa.ForeignKey("executions.execution_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("records", sa.BigInteger, primary_key=True),
        sa.Column("refused", sa.LargeBinary, nullable=False),
    )
    op.drop_column("deliveries", "refused_path")
    op.drop_column("deliveries", "refused_bytes")
