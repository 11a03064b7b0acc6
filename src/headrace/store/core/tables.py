"""The tables, as SQLAlchemy Core values.

Columns hold text, whole numbers and bytes only: rows come back from the driver as they are, on SQLite and
on PostgreSQL alike. Documents are JSON text. Instants are milliseconds since the epoch, UTC, in columns ending
in `_ms`.

Partial indexes say their condition for SQLite alone, whose files are made from these values; on PostgreSQL the
revisions make them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    or_,
)

METADATA = MetaData()
# A name that answers are sorted by: in the order of code points, whatever language the database was made for.
_NAME = Text().with_variant(Text(collation="C"), "postgresql")

flows = Table(
    "flows",
    METADATA,
    Column("flow_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("arn", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("trigger_type", Text, nullable=False),
    Column("failure_threshold", BigInteger),
    Column("status", Text, nullable=False),
    Column("status_message", Text),
    Column("schema_version", BigInteger, nullable=False),
    Column("kms_arn", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("failures_in_a_row", BigInteger, nullable=False),
    # When the scheduler has to look at the flow; None: never. The tick itself, or one that was missed before it.
    Column("next_fire_ms", BigInteger),
    # Where the grid of the ticks begins since the flow was last activated.
    Column("grid_start_ms", BigInteger),
    # Where the window of the last successful scheduled run ended; None: there was none.
    Column("read_until_ms", BigInteger),
    UniqueConstraint("account", "region", "name", name="flows_name"),
)
_IS_SCHEDULED = flows.c.next_fire_ms.is_not(None)
Index("flows_due", flows.c.next_fire_ms, flows.c.flow_id, sqlite_where=_IS_SCHEDULED)

revisions = Table(
    "revisions",
    METADATA,
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("schema_version", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

executions = Table(
    "executions",
    METADATA,
    # The place in the queue; grows with every execution of the store.
    Column("ticket", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("execution_id", Text, nullable=False),
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), nullable=False),
    # Counts the executions of one flow from 1: pages and retention are comparisons with it.
    Column("sequence", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("queued_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("updated_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("window_from_ms", BigInteger),
    Column("window_to_ms", BigInteger),
    # What a caller asked for beyond what the flow says; None: nothing.
    Column("overrides", Text),
    # The backfill that it is a slice of; None: it is a run of its own.
    Column("backfill_id", Text),
    # The due instant that this execution is for; None: a caller started it.
    Column("scheduled_for_ms", BigInteger),
    Column("owner", Text),
    Column("lease_until_ms", BigInteger),
    Column("fence", BigInteger, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("commit_ms", BigInteger),
    # None until the splits are recorded, so that no splits at all is told from not yet planned.
    Column("split_count", BigInteger),
    Column("counts", Text),
    Column("message", Text),
    UniqueConstraint("execution_id", name="executions_id"),
    UniqueConstraint("flow_id", "sequence", name="executions_of_flow"),
)
# Invariant 6: whoever takes a due instant, and how often, it is queued once.
_IS_DUE = executions.c.scheduled_for_ms.is_not(None)
Index(
    "executions_once_due",
    executions.c.flow_id,
    executions.c.scheduled_for_ms,
    unique=True,
    sqlite_where=_IS_DUE,
)
_UNFINISHED = executions.c.finished_ms.is_(None)
_IS_QUEUED = _UNFINISHED & executions.c.lease_until_ms.is_(None)
# The queue: small however long the history is. By flow, so that one flow's queue is stepped over at once.
Index(
    "executions_queued",
    executions.c.flow_id,
    executions.c.ticket,
    sqlite_where=_IS_QUEUED,
)
_IS_HELD = executions.c.lease_until_ms.is_not(None)
Index(
    "executions_held",
    executions.c.flow_id,
    executions.c.lease_until_ms,
    sqlite_where=_IS_HELD,
)
Index(
    "executions_unfinished_of_flow",
    executions.c.flow_id,
    executions.c.sequence,
    sqlite_where=_UNFINISHED,
)
_IS_NOT_DONE = or_(executions.c.state == "cancelled", executions.c.state == "failed")
Index(
    "executions_not_done",
    executions.c.flow_id,
    executions.c.sequence,
    sqlite_where=_IS_NOT_DONE,
)

splits = Table(
    "splits",
    METADATA,
    Column("execution_id", Text, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("document", Text, nullable=False),
    Column("result", Text),
)

# Where the rejected records of an execution lie, how many and how large; a row once it has ended with some, until the
# files are removed, after the execution is gone.
rejects = Table(
    "rejects",
    METADATA,
    Column("execution_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    # That of the flow's errorHandlingConfig; None: they lie at the URL.
    Column("bucket", Text),
    Column("prefix", Text, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    # 1 where the execution came to its end.
    Column("is_whole", BigInteger, nullable=False),
)

# How far a destination that takes records has got; a row from the first batch on.
deliveries = Table(
    "deliveries",
    METADATA,
    Column("execution_id", Text, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("bytes_written", BigInteger, nullable=False),
)

# The records that a destination refused, with its reasons, until the execution has ended: compressed lines, a row for
# each batch that had any.
refusals = Table(
    "refusals",
    METADATA,
    Column("execution_id", Text, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    # The position that was recorded with them.
    Column("records", BigInteger, primary_key=True),
    Column("refused", LargeBinary, nullable=False),
)

# Where an incremental flow's next execution begins to read; a row from the first that succeeded on.
bookmarks = Table(
    "bookmarks",
    METADATA,
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), primary_key=True),
    # What was read: a bookmark of something else is of no use.
    Column("source", Text, nullable=False),
    Column("bookmark", Text, nullable=False),
    # Of the execution that ended with it.
    Column("sequence", BigInteger, nullable=False),
)

# Spans of time that are read in slices, a slice an execution.
backfills = Table(
    "backfills",
    METADATA,
    Column("backfill_id", Text, primary_key=True),
    Column("flow_id", Text, ForeignKey("flows.flow_id", ondelete="CASCADE"), nullable=False),
    # Counts the backfills of one flow from 1.
    Column("number", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("every", Text, nullable=False),
    Column("slice_count", BigInteger, nullable=False),
    # How many slices have been begun, the first ones; each has a row in backfill_slices.
    Column("begun", BigInteger, nullable=False),
    Column("parallel", BigInteger, nullable=False),
    Column("stops_on_failure", BigInteger, nullable=False),
    # Filter tasks for every slice.
    Column("filters", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    # Of the start, or of the last time it was taken up again.
    Column("started_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    UniqueConstraint("flow_id", "number", name="backfills_of_flow"),
)

backfill_slices = Table(
    "backfill_slices",
    METADATA,
    Column("backfill_id", Text, ForeignKey("backfills.backfill_id", ondelete="CASCADE"), primary_key=True),
    # From 0, in the order of time.
    Column("number", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),
    # Its last execution, and how many it has had.
    Column("execution_id", Text, nullable=False),
    Column("runs", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    # What the execution said and counted, kept for longer than the execution is.
    Column("message", Text),
    Column("records_read", BigInteger, nullable=False),
    Column("records_written", BigInteger, nullable=False),
    Column("records_rejected", BigInteger, nullable=False),
    Column("records_dropped", BigInteger, nullable=False),
)
Index(
    "backfill_slices_by_state",
    backfill_slices.c.backfill_id,
    backfill_slices.c.state,
    backfill_slices.c.number,
)

# What is yet to be told, once for each receiver, in the order it happened in. No foreign key: a report outlives
# its flow.
outbox = Table(
    "outbox",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("receiver", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    # As the receiver is to see it.
    Column("event", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
Index("outbox_of_receiver", outbox.c.receiver, outbox.c.number)

# Which process tells a receiver now; no row: none does.
receivers = Table(
    "receivers",
    METADATA,
    Column("receiver", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    METADATA,
    # In the order they were kept in, which is nearly that of their expiry.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "region", "operation", "token", "fingerprint", name="tokens_key"),
)

tags = Table(
    "tags",
    METADATA,
    Column("arn", Text, primary_key=True),
    Column("key", _NAME, primary_key=True),
    Column("value", Text, nullable=False),
)

access_keys = Table(
    "access_keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("sealed_secret", Text, nullable=False),
    Column("arn", Text, nullable=False),
    Column("policy", Text),
    Column("created_ms", BigInteger, nullable=False),
)

connector_profiles = Table(
    "connector_profiles",
    METADATA,
    Column("arn", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("connector_type", Text, nullable=False),
    Column("connector_label", Text),
    Column("connection_mode", Text, nullable=False),
    Column("kms_arn", Text),
    Column("properties", Text, nullable=False),
    Column("sealed_credentials", Text),
    Column("secret_arn", Text, nullable=False),
    # Goes up with every change: who changes a profile says which one they read.
    Column("revision", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "region", "name", name="connector_profiles_name"),
    UniqueConstraint("secret_arn", name="connector_profiles_secret"),
)

connectors = Table(
    "connectors",
    METADATA,
    Column("arn", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("label", _NAME, nullable=False),
    Column("description", Text),
    Column("lambda_arn", Text, nullable=False),
    # What the connector said of itself, in its own members.
    Column("configuration", Text, nullable=False),
    Column("registered_ms", BigInteger, nullable=False),
    Column("registered_by", Text, nullable=False),
    UniqueConstraint("account", "region", "label", name="connectors_label"),
)

connector_hosts = Table(
    "connector_hosts",
    METADATA,
    Column("lambda_arn", _NAME, primary_key=True),
    Column("place", Text, nullable=False),
)

# What is so of the whole store.
facts = Table(
    "facts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
