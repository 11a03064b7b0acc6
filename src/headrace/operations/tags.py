"""TagResource, UntagResource and ListTagsForResource."""

from __future__ import annotations

from headrace.errors import ResourceNotFoundException, ValidationException
from headrace.model.shapes import Document
from headrace.operations.context import Answer, Context
from headrace.store import flows, tags
from headrace.store.tx import Tx

MOST_TAGS = 50


def tag_resource(context: Context, tx: Tx, request: Document) -> Answer:
    arn = _held(context, tx, request["resourceArn"])
    given: dict[str, str] = request["tags"]
    count = len(tags.get(tx, arn) | given)
    if count > MOST_TAGS:
        raise ValidationException(
            f"The resource {arn} would have {count} tags; at most {MOST_TAGS} are allowed. Remove some first."
        )
    tags.put(tx, arn, given)
    return {}


def untag_resource(context: Context, tx: Tx, request: Document) -> Answer:
    tags.remove(tx, _held(context, tx, request["resourceArn"]), request["tagKeys"])
    return {}


def list_tags_for_resource(context: Context, tx: Tx, request: Document) -> Answer:
    return {"tags": tags.get(tx, _resource(context, tx, request["resourceArn"]))}


def _held(context: Context, tx: Tx, arn: str) -> str:
    """As `_resource`; nobody deletes it, or tags it, meanwhile."""
    tx.lock(arn)
    return _resource(context, tx, arn)


def _resource(context: Context, tx: Tx, arn: str) -> str:
    """The ARN, if it is that of one of the caller's flows; else raises ResourceNotFoundException."""
    caller = context.caller
    start = f"arn:aws:appflow:{caller.region}:{caller.account}:flow/"
    name = arn.removeprefix(start)
    if name == arn or flows.head(tx, caller.account, caller.region, name) is None:
        raise ResourceNotFoundException(f"Resource {arn} not found.")
    return arn
