"""Registered connectors, and where their code runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Sorted by code points on PostgreSQL too, whatever the language of the database.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "connectors",
        sa.Column("arn", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("label", NAME, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("lambda_arn", sa.Text, nullable=False),
        sa.Column("configuration", sa.Text, nullable=False),
        sa.Column("registered_ms", sa.BigInteger, nullable=False),
        sa.Column("registered_by", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "region", "label", name="connectors_label"),
    )
    op.create_table(
        "connector_hosts",
        sa.Column("lambda_arn", NAME, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
    )
