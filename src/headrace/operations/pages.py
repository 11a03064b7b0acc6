"""Pages of answers, and the nextToken that leads to the next one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from headrace.errors import ValidationException
from headrace.model.shapes import Document
from headrace.operations.context import Context
from headrace.operations.idempotency import fingerprint
from headrace.store.secrets import SealError

Element = TypeVar("Element")

DEFAULT_SIZE = 20
LIFETIME_MS = 24 * 3600 * 1000
# A caller may change the size of pages on the way.
_FREE = ("maxResults", "nextToken")


def page_size(request: Document) -> int:
    return int(request.get("maxResults", DEFAULT_SIZE))


def position(context: Context, operation: str, request: Document) -> Any:
    """Where the request's nextToken says to go on; None without one.

    Raises ValidationException for a token that was changed, is older than 24 hours, or was given to another
    account, in another region, by another operation or for other parameters.
    """
    token: str | None = request.get("nextToken")
    if token is None:
        return None
    try:
        expires_ms, where = json.loads(context.sealer.open(token, _bound_to(context, operation, request)))
    except SealError:
        raise ValidationException(
            "The nextToken is not valid. Use one as it came, with the operation and the parameters of the request"
            " that answered it, or leave it out to start with the first page."
        ) from None
    if context.now_ms >= expires_ms:
        raise ValidationException("The nextToken has expired. Leave it out to start with the first page.")
    return where


def split(
    context: Context,
    operation: str,
    request: Document,
    found: Sequence[Element],
    where: Callable[[Element], Any],
) -> tuple[Sequence[Element], dict[str, str]]:
    """The page out of `found`, and its nextToken as a member; `found` has one element more where a next page is.

    `where` says of an element how to go on after it, in what JSON can hold.
    """
    size = page_size(request)
    if len(found) <= size:
        return found, {}
    page = found[:size]
    kept = json.dumps([context.now_ms + LIFETIME_MS, where(page[-1])])
    return page, {"nextToken": context.sealer.seal(kept, _bound_to(context, operation, request))}


def _bound_to(context: Context, operation: str, request: Document) -> str:
    caller = context.caller
    parameters = {key: value for key, value in request.items() if key not in _FREE}
    return f"page {caller.account} {caller.region} {operation} {fingerprint(parameters)}"
