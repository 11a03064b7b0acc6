"""What the model promises of an answer and of an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from headrace.errors import InternalServerException, ServiceError
from headrace.model.api import OPERATIONS
from headrace.model.check import violations
from tests.unit.operations.calls import Calls, Json

Case = Callable[[Calls], Any]


def assert_fits(name: str, answer: Mapping[str, Any]) -> None:
    """The answer of the operation has its shape, within the limits that AppFlow sets."""
    assert violations(OPERATIONS[name].output, answer, limits="aws") == ()


def assert_raises(name: str, error: str, call: Callable[[], object]) -> str:
    """The call raises this error, which is one of the operation's; its message, which says something."""
    with pytest.raises(ServiceError) as raised:
        call()
    assert type(raised.value).__name__ == error
    assert error in OPERATIONS[name].errors
    assert raised.value.message.strip()
    return raised.value.message


def assert_needs_the_store(call: Calls, name: str, request: Json) -> None:
    """Without its store the operation fails inside, and says so."""
    call.store.close()
    with pytest.raises(InternalServerException, match="its store is closed"):
        call(name, request)
