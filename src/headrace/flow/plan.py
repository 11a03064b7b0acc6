"""From a flow document to a plan: the one place where a flow document is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.tasks import Tasks
from headrace.flow.endpoints import (
    Endpoint,
    ErrorHandling,
    read_destinations,
    read_errors,
    read_input,
    read_output,
    read_source,
)
from headrace.flow.faults import Faults, PlanFaults
from headrace.flow.records import Reading, Writing, read_reading, read_writing
from headrace.flow.schedule import Trigger
from headrace.flow.tasks.reading import read_tasks
from headrace.flow.trigger import read_trigger
from headrace.model.shapes import Document

if TYPE_CHECKING:
    from headrace.model.types import CreateFlowRequest

__all__ = ["Endpoint", "ErrorHandling", "Plan", "PlanFaults", "Reading", "Writing", "plan"]


@dataclass(frozen=True)
class Plan:
    """What a flow document means.

    `destinations` has exactly one. `input` and `output` are None for connectors that the engine can't
    read from or write for. `reading` and `writing` are there where that side reads or writes records.
    `timestamp_field` is the one that incrementalPullConfig names.
    """

    flow_name: str
    trigger: Trigger
    source: Endpoint
    destinations: tuple[Endpoint, ...]
    tasks: Tasks
    input: InputFormat | None = None
    output: Output | None = None
    errors: ErrorHandling = field(default_factory=ErrorHandling)
    reading: Reading | None = None
    writing: Writing | None = None
    timestamp_field: str | None = None


def plan(document: Document) -> Plan:
    """What a flow document means: CreateFlow asks to refuse, the runner to run (invariant 10).

    The document has the members that CreateFlowRequest requires, of its types (`model.check`).
    Members that only AppFlow itself makes sense of, and task properties that a task type doesn't
    use, are let through. Whether a connector is available is not asked here.

    Raises PlanFaults with every fault at once.
    """
    faults = Faults()
    planned = attempt(document, faults)
    if planned is None:
        raise PlanFaults([fault.text for fault in faults.all()])
    return planned


def attempt(document: Document, faults: Faults) -> Plan | None:
    """The same; None, with all that is wrong in `faults`, where the document means nothing."""
    request = cast("CreateFlowRequest", document)
    trigger = read_trigger(request["triggerConfig"], faults)
    source = read_source(request["sourceFlowConfig"], trigger.trigger_type, faults)
    destinations = read_destinations(request["destinationFlowConfigList"], trigger.trigger_type, faults)
    tasks = read_tasks(request["tasks"], source.connector_type, faults)
    outputs = [read_output(destination, faults) for destination in destinations]
    if faults.all():
        return None
    return Plan(
        flow_name=request["flowName"],
        trigger=trigger,
        source=source,
        destinations=destinations,
        tasks=tasks,
        input=read_input(source),
        output=outputs[0],
        errors=read_errors(destinations[0]),
        reading=read_reading(source),
        writing=read_writing(destinations[0]),
        timestamp_field=request["sourceFlowConfig"].get("incrementalPullConfig", {}).get("datetimeTypeFieldName"),
    )
