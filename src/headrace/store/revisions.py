"""The documents that executions ran, by revision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headrace.store import documents
from headrace.store.sql import revisions as sql
from headrace.store.tx import Tx


def documents_of(tx: Tx, flow_id: str, revisions: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The flow's document in each of the revisions; one that a kept execution ran is kept, too."""
    rows = ((each, tx.row(sql.SELECT, flow_id=flow_id, revision=each)) for each in sorted(set(revisions)))
    return {revision: documents.loads(row[0]) for revision, row in rows if row is not None}
