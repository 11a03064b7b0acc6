"""The tables of events and of the flows that listen for them, in the form of `tables`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from headrace.store.core.tables import METADATA

# Where an event flow stands; a row from its first activation on.
listeners = Table(
    "listeners",
    METADATA,
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), primary_key=True),
    # When the flow was last activated: what came before is none of its events.
    Column("since_ms", BigInteger, nullable=False),
    # Where its source goes on, in the source's own words; None: at `since_ms`.
    Column("cursor", Text),
    # Before then nothing is tried again; None: nothing failed.
    Column("retry_at_ms", BigInteger),
    # Events that are not done, and the bytes of their bodies.
    Column("waiting_events", BigInteger, nullable=False),
    Column("waiting_bytes", BigInteger, nullable=False),
    # Which node asks the source for events.
    Column("owner", Text),
    Column("lease_until_ms", BigInteger, nullable=False),
)
_HAS_WAITING = listeners.c.waiting_events > 0
Index("listeners_behind", listeners.c.flow_id, sqlite_where=_HAS_WAITING)

# What happened, in the order it was told; one that is done stays for a while, so that it is known when told again.
events = Table(
    "events",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), nullable=False),
    # The same for an event that is told again; None: nobody can know.
    Column("key", Text),
    # What the event was found to mean, such as one version of an object: two events may mean the same.
    Column("meaning", Text),
    Column("body", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("batch_id", Text),
    Column("received_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger),
    UniqueConstraint("flow_id", "key", name="events_key"),
)
_IS_WAITING = events.c.done_ms.is_(None)
Index("events_waiting", events.c.flow_id, events.c.number, sqlite_where=_IS_WAITING)
Index("events_meaning", events.c.flow_id, events.c.meaning)
_IS_OVER = events.c.done_ms.is_not(None)
Index("events_over", events.c.done_ms, sqlite_where=_IS_OVER)

# The events that a flow works on: one batch at a time, which outlives an execution that fails once anything of it
# may be visible.
event_batches = Table(
    "event_batches",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), nullable=False),
    # What the names of its output are made from.
    Column("execution_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("result", Text),
    Column("commit_ms", BigInteger),
    Column("delivered", Text),
    UniqueConstraint("flow_id", name="event_batches_flow"),
)

# As `refusals`, of a batch.
event_refusals = Table(
    "event_refusals",
    METADATA,
    Column("batch_id", Text, ForeignKey("event_batches.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("records", BigInteger, primary_key=True),
    Column("refused", LargeBinary, nullable=False),
)
