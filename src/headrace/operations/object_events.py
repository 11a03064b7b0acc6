"""What object stores tell of new objects, in any of the forms in which it is passed on; and which flows it is for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from urllib.parse import unquote_plus

from headrace.connector_sdk.keys import path_of
from headrace.connector_sdk.listening import Arrival
from headrace.errors import Stop, ThrottlingException, ValidationException
from headrace.model.shapes import Document
from headrace.operations.context import Answer, Context
from headrace.store import events, listeners
from headrace.store.tx import Tx

PUT = "headrace:PutObjectEvents"
_CREATED = ("ObjectCreated:", "s3:ObjectCreated:")
_DEEPEST = 5


class Created(NamedTuple):
    """An object that was created; `version` tells this creation of it from others, None: nothing does."""

    bucket: str
    key: str
    version: str | None


def put_object_events(context: Context, tx: Tx, request: Document) -> Answer:
    """Keep what was told for every active event flow of the caller's account whose source the objects are.

    How many objects were told, and how many events of flows they became: none of what was told before. Raises
    ThrottlingException where a flow is too far behind to take more, ValidationException for what is no notification.
    """
    created, taken = list(read(request["notification"])), 0
    for flow_id, bucket, prefix in _flows(context, tx):
        arrivals = [_arrival(each) for each in created if each.bucket == bucket and each.key.startswith(prefix)]
        if arrivals:
            _check_backlog(tx, flow_id)
            taken += events.take(tx, flow_id, arrivals, now_ms=context.now_ms)
    return {"objects": len(created), "events": taken}


def read(told: object, depth: int = 0) -> Iterator[Created]:
    """The objects that were created, of S3's own form, EventBridge's, or either within SNS, SQS or Lambda's."""
    if isinstance(told, str):
        told = _parsed(told)
    if not isinstance(told, dict) or depth > _DEEPEST:
        raise ValidationException("The body is no notification of S3's, nor of EventBridge's or SNS's about an object.")
    given = cast("dict[str, Any]", told)
    if given.get("Event") == "s3:TestEvent" or given.get("Type") in {
        "SubscriptionConfirmation",
        "UnsubscribeConfirmation",
    }:
        return
    if given.get("Type") == "Notification" and "Message" in given:
        yield from read(given["Message"], depth + 1)
    elif "detail-type" in given:
        yield from _of_event_bridge(given)
    elif isinstance(given.get("Records"), list):
        for record in given["Records"]:
            yield from _of_record(record, depth)
    else:
        raise ValidationException("The notification has neither Records nor detail-type: S3's have one of them.")


def _of_record(record: Any, depth: int) -> Iterator[Created]:
    try:
        if "body" in record:
            yield from read(record["body"], depth + 1)
        elif "Sns" in record:
            yield from read(record["Sns"]["Message"], depth + 1)
        elif str(record["eventName"]).startswith(_CREATED):
            entity = record["s3"]
            # In this form alone a key comes as in a URL.
            key = unquote_plus(entity["object"]["key"])
            yield from _checked(entity["bucket"]["name"], key, entity["object"], "versionId", "eTag")
    except (KeyError, TypeError) as error:
        raise ValidationException(f"A record of the notification lacks {error}.") from None


def _of_event_bridge(event: dict[str, Any]) -> Iterator[Created]:
    if event["detail-type"] != "Object Created":
        return
    try:
        detail = event["detail"]
        yield from _checked(detail["bucket"]["name"], detail["object"]["key"], detail["object"], "version-id", "etag")
    except (KeyError, TypeError) as error:
        raise ValidationException(f"The detail of the event lacks {error}.") from None


def _checked(bucket: str, key: str, said: dict[str, Any], version: str, etag: str) -> Iterator[Created]:
    """The object, unless it is a folder's marker or has a key that nothing can have."""
    try:
        path_of(bucket, key)
    except Stop:
        return
    parts = [said.get("sequencer"), said.get(version), said.get(etag)]
    if not key.endswith("/"):
        yield Created(bucket, key, "\n".join(map(str, parts)) if any(parts) else None)


def _arrival(created: Created) -> Arrival:
    key = None if created.version is None else f"told {created.key}\n{created.version}"
    return Arrival(key, json.dumps({"key": created.key}))


def _flows(context: Context, tx: Tx) -> list[tuple[str, str, str]]:
    """The active event flows of the account that read objects: id, bucket, prefix."""
    found: list[tuple[str, str, str]] = []
    for flow_id, document in listeners.documents_of(tx, context.caller.account):
        source = document["sourceFlowConfig"]
        if source["connectorType"] == "S3":
            properties = source["sourceConnectorProperties"]["S3"]
            found.append((flow_id, properties["bucketName"], properties.get("bucketPrefix") or ""))
    return found


def _check_backlog(tx: Tx, flow_id: str) -> None:
    listener = events.listener(tx, flow_id)
    if listener is not None and listener.is_behind:
        raise ThrottlingException("A flow has too many events to work on. Send this again later.")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationException("The body, or a message within it, is no JSON.") from None
