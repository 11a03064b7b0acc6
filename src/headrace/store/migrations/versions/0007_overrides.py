"""What callers asked of single executions beyond what the flow says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("executions", sa.Column("overrides", sa.Text))
