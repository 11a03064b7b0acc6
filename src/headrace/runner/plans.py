"""The plans of the flows that were run last: a flow that runs again is not read anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from headrace.flow.plan import Plan
from headrace.store.executions import Claim

# A plan takes some kilobytes.
_MOST = 256


class Plans:
    """Makes plans by `plan` and keeps those of revisions, which never change. Safe to use from several threads."""

    def __init__(self, plan: Callable[[dict[str, Any]], Plan]) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Plan] = OrderedDict()

    def of(self, claim: Claim) -> Plan:
        """The plan of what is to be run. Raises what `plan` raises."""
        execution = claim.execution
        if execution.overrides is not None:
            # Filters of its own may be among its tasks.
            return self._plan(claim.document)
        key = execution.flow_id, execution.revision
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        made = self._plan(claim.document)
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return made
