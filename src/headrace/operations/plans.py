"""Beyond AppFlow's operations: what is to be said of a flow document before it is created."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple, cast

from headrace.clock import from_ms
from headrace.errors import ValidationException
from headrace.flow.faults import PlanFaults
from headrace.flow.findings import Finding, Looked, endpoints, find, meaning, ordered
from headrace.flow.rules import Rule
from headrace.flow.update import bumps_schema_version, check_update
from headrace.model.codec import decode_as
from headrace.model.shapes import Document, Limits
from headrace.operations import refusals
from headrace.operations.context import Answer, Context, Looker
from headrace.store import flows
from headrace.store.store import Store
from headrace.store.tx import Tx

PLAN = "headrace:PlanFlow"


class Given(NamedTuple):
    """A flow document as it was sent, or is kept; `stored` is that of the flow of its name, None: there is none."""

    document: Any
    stored: Document | None


def plan_flow(context: Context, store: Store, looker: Looker, request: Document) -> Answer:
    """Every finding of the document, as AppFlow and headrace would have it now."""
    given = store.read(lambda tx: given_in(context, tx, request)).result()
    caller, limits = context.caller, context.settings.limits
    found = findings(given, looker, caller.account, caller.region, now=from_ms(context.now_ms), limits=limits)
    return told(found)


def given_in(context: Context, tx: Tx, request: Document) -> Given:
    """What the request gives, or names. Raises ResourceNotFoundException, ValidationException if it does neither."""
    if ("flow" in request) == ("flowName" in request):
        raise ValidationException("Write flow with a flow document, or flowName with the name of a flow that is there.")
    if "flowName" in request:
        return Given(refusals.whole_flow(context, tx, request["flowName"]).document, None)
    caller, flow = context.caller, request["flow"]
    name: object = cast("dict[str, object]", flow).get("flowName") if isinstance(flow, dict) else None
    row = flows.get(tx, caller.account, caller.region, name) if isinstance(name, str) else None
    return Given(request["flow"], None if row is None else row.document)


def findings(
    given: Given, looker: Looker, account: str, region: str, *, now: datetime, limits: Limits
) -> tuple[Finding, ...]:
    """What is to be said of the document, of what its connectors say, and of the flow that it would change."""
    planned = endpoints(given.document, limits)
    looked = Looked() if planned is None else looker.look(planned, account, region)
    found = find(given.document, now=now, limits=limits, source=looked.source, destination=looked.destination)
    if given.stored is not None and meaning(given.document, limits) is not None:
        found += _changed(given.stored, decode_as("CreateFlowRequest", given.document))
    return ordered((*found, *looked.refusals))


def told(found: tuple[Finding, ...]) -> Answer:
    """The findings as an answer."""
    counted = Counter(each.level for each in found)
    counts = {"errors": counted["error"], "warnings": counted["warning"], "notes": counted["note"]}
    return {**counts, "findings": [each.to_document() for each in found]}


def _changed(stored: Document, document: Document) -> tuple[Finding, ...]:
    """What UpdateFlow refuses to change, or what comes of it: there is a flow of that name already."""
    try:
        check_update(stored, document)
    except PlanFaults as faults:
        instead = "keep it, or give the document another flowName"
        return tuple(
            Finding("error", Rule.UPDATE, (_member_of(text),), f"there is a flow of this name: {text}", instead)
            for text in faults.faults
        )
    bumped = ", and its schemaVersion goes up" if bumps_schema_version(stored, document) else ""
    what = f"there is a flow of this name: UpdateFlow changes it, as headrace apply does{bumped}"
    return (Finding("note", Rule.UPDATE, ("flowName",), what),)


def _member_of(text: str) -> str:
    return "sourceFlowConfig" if text.startswith("Source") else "destinationFlowConfigList"
