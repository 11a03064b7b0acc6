"""What is looked for: executions that failed or were cancelled, and rejects whose execution is gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ROWS = """
INSERT INTO rejects (execution_id, url, bucket, prefix, files, records, size_bytes, is_whole)
SELECT execution_id, url, bucket, prefix, files, records, size_bytes, is_whole FROM rejects_until_now
"""


def upgrade() -> None:
    is_not_done = sa.text("state = 'cancelled' OR state = 'failed'")
    op.create_index(
        "executions_not_done",
        "executions",
        ["flow_id", "sequence"],
        sqlite_where=is_not_done,
        postgresql_where=is_not_done,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("rejects_execution_id_fkey", "rejects", type_="foreignkey")
        return
    op.rename_table("rejects", "rejects_until_now")
    op.create_table(
        "rejects",
        sa.Column("execution_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("bucket", sa.Text),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("is_whole", sa.BigInteger, nullable=False),
    )
    op.execute(_ROWS)
    op.drop_table("rejects_until_now")
