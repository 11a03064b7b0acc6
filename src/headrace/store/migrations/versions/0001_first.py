"""Flows, executions, splits, tokens, tags, access keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Sorted by code points on PostgreSQL too, whatever the language of the database.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _flows()
    _executions()
    _splits()
    _others()


def _flows() -> None:
    op.create_table(
        "flows",
        sa.Column("flow_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("arn", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("trigger_type", sa.Text, nullable=False),
        sa.Column("failure_threshold", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_message", sa.Text),
        sa.Column("schema_version", sa.BigInteger, nullable=False),
        sa.Column("kms_arn", sa.Text),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.Column("failures_in_a_row", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "region", "name", name="flows_name"),
    )
    op.create_table(
        "revisions",
        sa.Column("flow_id", sa.Text, sa.ForeignKey("flows.flow_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True),
        sa.Column("schema_version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )


def _executions() -> None:
    op.create_table(
        "executions",
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("flow_id", sa.Text, sa.ForeignKey("flows.flow_id", ondelete="CASCADE"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("queued_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("window_from_ms", sa.BigInteger),
        sa.Column("window_to_ms", sa.BigInteger),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until_ms", sa.BigInteger),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("commit_ms", sa.BigInteger),
        sa.Column("split_count", sa.BigInteger),
        sa.Column("counts", sa.Text),
        sa.Column("message", sa.Text),
        sa.UniqueConstraint("execution_id", name="executions_id"),
        sa.UniqueConstraint("flow_id", "sequence", name="executions_of_flow"),
    )
    unfinished = sa.text("finished_ms IS NULL")
    for name, columns in (
        ("executions_unfinished", ["ticket"]),
        ("executions_unfinished_of_flow", ["flow_id", "sequence"]),
    ):
        op.create_index(name, "executions", columns, sqlite_where=unfinished, postgresql_where=unfinished)


def _splits() -> None:
    op.create_table(
        "splits",
        sa.Column(
            "execution_id", sa.Text, sa.ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
    )


def _others() -> None:
    op.create_table(
        "tokens",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "region", "operation", "token", "fingerprint", name="tokens_key"),
    )
    op.create_table(
        "tags",
        sa.Column("arn", sa.Text, primary_key=True),
        sa.Column("key", NAME, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "access_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("sealed_secret", sa.Text, nullable=False),
        sa.Column("arn", sa.Text, nullable=False),
        sa.Column("policy", sa.Text),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
