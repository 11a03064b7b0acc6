"""A flow document on disk, with everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headrace.errors import HeadraceError
from headrace.flow.plan import PlanFaults, plan
from headrace.model.api import OPERATIONS
from headrace.model.check import violations
from headrace.model.codec import SerializationError, decode
from headrace.settings import Settings

# Members of CreateFlow's request that are about the request, not about the flow.
_OF_THE_REQUEST = ("clientToken",)


class BadDocument(HeadraceError):
    """A document that no flow can be made of; `faults` names every reason."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_document(path: Path, settings: Settings) -> dict[str, Any]:
    """The CreateFlow request in the file; raises BadDocument with every fault at once."""
    try:
        request = decode(OPERATIONS["CreateFlow"], body=path.read_bytes())
    except OSError as error:
        raise BadDocument((f"{path}: {error.strerror or error}",)) from None
    except SerializationError as error:
        raise BadDocument((f"{path}: {error.message}",)) from None
    if not request:
        raise BadDocument((f"{path}: there is no flow in it: a flow document is the JSON that CreateFlow takes",))
    if found := violations("CreateFlow", request, limits=settings.limits):
        raise BadDocument(found)
    try:
        plan(request)
    except PlanFaults as error:
        raise BadDocument(error.faults) from None
    return {name: value for name, value in request.items() if name not in _OF_THE_REQUEST}
