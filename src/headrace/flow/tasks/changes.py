"""Mask, Truncate and Validate tasks: one source field each."""

from __future__ import annotations

from typing import Final, cast

from headrace.engine.tasks import Mask, MaskOperator, Truncate, Validate, ValidateAction, ValidateOperator
from headrace.flow.rules import Rule
from headrace.flow.tasks.given import Gathered, Given

_MASKS: Final = ("MASK_ALL", "MASK_FIRST_N", "MASK_LAST_N")
_VALIDATES: Final = ("VALIDATE_NON_NULL", "VALIDATE_NON_ZERO", "VALIDATE_NON_NEGATIVE", "VALIDATE_NUMERIC")
_ACTIONS: Final = ("DropRecord", "DropDataset")

# MASK_ALL writes MASK_LENGTH characters into every record, so it needs a bound.
_LONGEST_MASK: Final = 65_535
_LONGEST_TEXT: Final = 999_999_999


def read_mask(given: Given, gathered: Gathered) -> None:
    """Read a Mask task."""
    operator = cast("MaskOperator | None", given.operator_among(_MASKS))
    field = given.one_field()
    if given.property("MASK_LENGTH") is None and operator not in {None, "MASK_ALL"}:
        given.fault(
            Rule.TASK_PROPERTY,
            "taskProperties has no MASK_LENGTH",
            f"write how many characters {operator} masks",
            "taskProperties",
        )
    length = given.whole_number("MASK_LENGTH", most=_LONGEST_MASK)
    if operator is not None and field is not None:
        gathered.masks.append(Mask(given.index, field, operator, length, given.property("MASK_VALUE") or "*"))


def read_truncate(given: Given, gathered: Gathered) -> None:
    """Read a Truncate task."""
    given.expect_no_op()
    field = given.one_field()
    given.required("TRUNCATE_LENGTH", "write how many characters to keep")
    length = given.whole_number("TRUNCATE_LENGTH", most=_LONGEST_TEXT)
    if field is not None and length is not None:
        gathered.truncates.append(Truncate(given.index, field, length))


def read_validate(given: Given, gathered: Gathered) -> None:
    """Read a Validate task."""
    operator = cast("ValidateOperator | None", given.operator_among(_VALIDATES))
    field = given.one_field()
    action = cast("ValidateAction | None", given.word("VALIDATION_ACTION", _ACTIONS))
    if operator is not None and field is not None and action is not None:
        gathered.validates.append(Validate(given.index, field, operator, action))
