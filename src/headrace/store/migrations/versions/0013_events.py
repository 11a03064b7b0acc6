"""Events, the flows that listen for them, and the batches they are worked in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    _listeners()
    _events()
    _batches()


def _listeners() -> None:
    op.create_table(
        "listeners",
        _flow(is_key=True),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("retry_at_ms", sa.BigInteger),
        sa.Column("waiting_events", sa.BigInteger, nullable=False),
        sa.Column("waiting_bytes", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
    )
    _index("listeners_behind", "listeners", ["flow_id"], "waiting_events > 0")


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        _flow(),
        sa.Column("key", sa.Text),
        sa.Column("meaning", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("batch_id", sa.Text),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("done_ms", sa.BigInteger),
        sa.UniqueConstraint("flow_id", "key", name="events_key"),
    )
    _index("events_waiting", "events", ["flow_id", "number"], "done_ms IS NULL")
    op.create_index("events_meaning", "events", ["flow_id", "meaning"])
    _index("events_over", "events", ["done_ms"], "done_ms IS NOT NULL")


def _batches() -> None:
    op.create_table(
        "event_batches",
        sa.Column("batch_id", sa.Text, primary_key=True),
        _flow(),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("commit_ms", sa.BigInteger),
        sa.Column("delivered", sa.Text),
        sa.UniqueConstraint("flow_id", name="event_batches_flow"),
    )
    batch = sa.ForeignKey("event_batches.batch_id", ondelete="CASCADE")
    op.create_table(
        "event_refusals",
        sa.Column("batch_id", sa.Text, batch, primary_key=True),
        sa.Column("records", sa.BigInteger, primary_key=True),
        sa.Column("refused", sa.LargeBinary, nullable=False),
    )


def _flow(*, is_key: bool = False) -> sa.Column[str]:
    flow = sa.ForeignKey("flows.flow_id", ondelete="CASCADE")
    return sa.Column("flow_id", sa.Text, flow, nullable=False, primary_key=is_key)


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
