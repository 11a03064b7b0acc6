"""What an answer to a read holds: records, and the link to those after them."""

from __future__ import annotations

from headrace.connector_sdk.http.messages import Answer
from headrace.connector_sdk.rest.bodies import Body
from headrace.connectors.sapodata.edmx import Version


def found_in(answer: Answer, version: Version) -> tuple[tuple[str, ...], str | None]:
    """The JSON texts of the records, and the service's link to the next page as it is. Raises Retry or Stop."""
    body = Body(answer)
    if version == "V4":
        return body.records("value"), body.text(("@odata.nextLink",))
    within = body.at("d")
    # Services of version 1 have the list there itself.
    if within is not None and bytes(within)[:1] == b"[":
        return body.records("d"), None
    return body.records("d.results"), body.text("d.__next")
