"""The span of time that a query asks for, as Slack's `oldest` and `latest`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from headrace.connector_sdk.records import Condition
from headrace.connector_sdk.rest.bounds import bounds

# The one field by which Slack selects.
FIELD = "ts"
_MICROSECOND = Decimal("0.000001")
_LATEST = Decimal("9999999999.999999")


class Times:
    """A Filter of rest: conditions on `ts`, be they compared as instants, as numbers or as texts.

    Both bounds are let in (`inclusive`), and rounded outwards to what Slack has.
    """

    def params(self, conditions: Sequence[Condition], types: Mapping[str, object]) -> Mapping[str, str]:  # noqa: ARG002 (there is one field)
        """See Filter."""
        asked = (_comparable(each) for each in conditions if each.field == FIELD)
        found = [each for condition in asked if (each := bounds(condition)) is not None]
        oldest = max((each.low for each in found if each.low is not None), default=None)
        latest = min((each.high for each in found if each.high is not None), default=None)
        said = {} if oldest is None else {"oldest": _ts(oldest, ROUND_FLOOR)}
        said |= {} if latest is None else {"latest": _ts(latest, ROUND_CEILING)}
        return {**said, "inclusive": "true"} if said else said


def _comparable(condition: Condition) -> Condition:
    """Texts that are timestamps are in the order of their times."""
    is_time = condition.kind == "text" and all(_is_ts(value) for value in condition.values)
    return replace(condition, kind="number") if is_time else condition


def _is_ts(text: str) -> bool:
    seconds, _, fraction = text.partition(".")
    return text.isascii() and seconds.isdigit() and fraction.isdigit() and (len(seconds), len(fraction)) == (10, 6)


def _ts(seconds: Decimal, rounding: str) -> str:
    # Slack takes no bound that reads as zero.
    return f"{min(max(seconds, _MICROSECOND), _LATEST).quantize(_MICROSECOND, rounding):017f}"
