"""Connector profiles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# Sorted by code points on PostgreSQL too, whatever the language of the database.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "connector_profiles",
        sa.Column("arn", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("connector_type", sa.Text, nullable=False),
        sa.Column("connector_label", sa.Text),
        sa.Column("connection_mode", sa.Text, nullable=False),
        sa.Column("kms_arn", sa.Text),
        sa.Column("properties", sa.Text, nullable=False),
        sa.Column("sealed_credentials", sa.Text),
        sa.Column("secret_arn", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "region", "name", name="connector_profiles_name"),
        sa.UniqueConstraint("secret_arn", name="connector_profiles_secret"),
    )
