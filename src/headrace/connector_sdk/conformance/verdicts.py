"""What a check says of a connector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from headrace.connector_sdk.conformance.bench import Bench

Outcome = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that every connector keeps.

    `run` raises FaultError where the connector breaks it, NotApplicableError where it can't be asked of it. Its name
    is the check's, its docstring one sentence that says what the rule is.
    """

    run: Callable[[Bench], None]

    @property
    def name(self) -> str:
        """In words."""
        return self.run.__name__.replace("_", " ")

    @property
    def meaning(self) -> str:
        """The rule, one sentence."""
        return (self.run.__doc__ or "").strip()


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of one check; `reason` is empty where it passed."""

    check: Check
    outcome: Outcome
    reason: str = ""
