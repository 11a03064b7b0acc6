"""The documents that executions ran, by revision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from headrace.store import documents, tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_r = tables.revisions.c
SELECT = Statement(select(_r.document).where(_r.flow_id == bindparam("flow_id"), _r.revision == bindparam("revision")))


def documents_of(tx: Tx, flow_id: str, revisions: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The flow's document in each of the revisions; one that a kept execution ran is kept, too."""
    rows = ((each, tx.row(SELECT, flow_id=flow_id, revision=each)) for each in sorted(set(revisions)))
    return {revision: documents.loads(row[0]) for revision, row in rows if row is not None}
