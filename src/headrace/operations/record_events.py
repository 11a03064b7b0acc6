"""Records that are posted to an event flow whose source is the webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from headrace.connector_sdk.listening import Arrival
from headrace.errors import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ThrottlingException,
    ValidationException,
)
from headrace.later import Later
from headrace.model.shapes import Document
from headrace.operations import refusals, signatures
from headrace.operations.connector_calls import Connectors, told
from headrace.operations.context import Answer, Context
from headrace.operations.locks import hold_flow
from headrace.operations.posted import inflated, records_of
from headrace.store import events
from headrace.store.flows import FlowHead, FlowRow
from headrace.store.store import Store
from headrace.store.tx import Tx

if TYPE_CHECKING:
    from headrace.connector_sdk import webhook
else:
    webhook = Later("headrace.connector_sdk.webhook")

PUT: Final = "headrace:PutRecords"
# Headers in which senders name a delivery; the first that is there counts.
DELIVERY_IDS: Final = ("webhook-id", "idempotency-key", "x-delivery-id", "x-github-delivery")
HEADERS: Final = frozenset({*DELIVERY_IDS, *signatures.HEADERS, "content-encoding"})
_LONGEST_ID: Final = 255
_MS_A_SECOND: Final = 1000

Work = Callable[[Tx], Answer]


def prepare_put(context: Context, store: Store, asked: Connectors, request: Document) -> Work:
    """Read the body, whole; the answer is the transaction that keeps its records, as one event.

    `body` is as it came, `headers` those of HEADERS that came with it. `trust` is "key" where the sender has shown an
    access key, "open" where nobody has to, "signature" where the sender has nothing but that. How many records there
    were, and how many were taken: none of a delivery that came before. Raises ValidationException, with the line,
    AccessDeniedException, ResourceNotFoundException, ConflictException and ThrottlingException.
    """
    headers: Mapping[str, str] = request["headers"]
    _check_sender(context, store, asked, request)
    body = _unpacked(headers, request["body"], context.settings.body_limit_bytes)
    records, key = records_of(body), _key(headers)
    arrival = Arrival(key, "\n".join(records))
    return lambda tx: _put(context, tx, request["flowName"], arrival, len(records))


def _put(context: Context, tx: Tx, name: str, arrival: Arrival, count: int) -> Answer:
    # So that it is not deleted meanwhile.
    hold_flow(context, tx, name)
    flow = refusals.flow_head(context, tx, name)
    _check_active(flow)
    listener = events.listener(tx, flow.flow_id)
    if listener is not None and listener.is_behind:
        raise ThrottlingException(f"Flow {name} has too many records to work on. Send this again later.")
    is_new = count > 0 and events.take(tx, flow.flow_id, [arrival], now_ms=context.now_ms) > 0
    return {"records": count, "taken": count if is_new else 0}


def _check_sender(context: Context, store: Store, asked: Connectors, request: Document) -> None:
    """Raise AccessDeniedException unless the sender may post; whoever has shown nothing learns of no flow."""
    name, trust = request["flowName"], request["trust"]
    is_signed = any(header in request["headers"] for header in signatures.HEADERS)
    try:
        flow = store.read(lambda tx: refusals.whole_flow(context, tx, name)).result()
        posted = _webhook(context, asked, flow)
    except (ResourceNotFoundException, ValidationException):
        if trust == "signature":
            raise _not_signed(name) from None
        raise
    if trust == "key" and not is_signed:
        return
    secret = posted.secret
    if secret is None and trust != "signature":
        return
    now_s = context.now_ms // _MS_A_SECOND
    if secret is None or not signatures.is_signed(secret, request["headers"], request["body"], now_s=now_s):
        raise _not_signed(name)


def _webhook(context: Context, asked: Connectors, flow: FlowRow) -> webhook.Webhook:
    """The webhook that the flow's records come by."""
    source: Document = flow.document["sourceFlowConfig"]
    opened: Any = None
    if flow.trigger_type == "Event" and source["connectorType"] == "CustomConnector":
        caller, profile = context.caller, source["connectorProfileName"]
        opened = told(lambda: asked.connections.open(caller.account, caller.region, profile))
    if not isinstance(opened, webhook.Webhook):
        raise ValidationException(
            f"Flow {flow.name} takes no records that are posted: its source is not the connector {webhook.LABEL}."
        )
    return opened


def _check_active(flow: FlowHead) -> None:
    if flow.status != "Active":
        raise ConflictException(
            f"Flow {flow.name} is {flow.status}, so it takes no records. Start it with StartFlow, and send this again."
        )


def _unpacked(headers: Mapping[str, str], body: bytes, limit_bytes: int) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise ValidationException(f"Content-Encoding is {encoding[:50]}: allowed are gzip, identity.")
    return inflated(body, limit_bytes) if encoding == "gzip" else body


def _key(headers: Mapping[str, str]) -> str | None:
    """What the delivery is known by when it comes again; None: nobody can know."""
    header = next((each for each in DELIVERY_IDS if headers.get(each)), None)
    if header is None:
        return None
    if len(headers[header]) > _LONGEST_ID:
        raise ValidationException(f"{header} has more than {_LONGEST_ID} characters, so it can't name a delivery.")
    return f"posted {headers[header]}"


def _not_signed(name: str) -> AccessDeniedException:
    return AccessDeniedException(
        f"The request is not signed with the secret of the connector profile that flow {name} reads through, or was"
        " signed more than five minutes ago. See docs/events.md for the headers, or show an access key."
    )
