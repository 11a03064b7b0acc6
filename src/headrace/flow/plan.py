"""From a flow document to a plan: the one place where a flow document is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.tasks import Tasks
from headrace.flow.endpoints import Endpoint, ErrorHandling
from headrace.flow.faults import PlanFaults
from headrace.flow.schedule import Trigger

__all__ = ["Endpoint", "ErrorHandling", "Plan", "PlanFaults"]


@dataclass(frozen=True)
class Plan:
    """What a flow document means.

    `destinations` has exactly one. `input` is None unless the source is S3, `output` None unless
    the destination is.
    """

    flow_name: str
    trigger: Trigger
    source: Endpoint
    destinations: tuple[Endpoint, ...]
    tasks: Tasks
    input: InputFormat | None = None
    output: Output | None = None
    errors: ErrorHandling = field(default_factory=ErrorHandling)
