"""Tasks that make or change values: Mask, Truncate, Merge, Arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.engine.sql import literal
from headrace.engine.tasks import Arithmetic, ArithmeticOperator, Mask
from headrace.engine.values import Value, number_value, shortest, text_value

_SIGNS: dict[ArithmeticOperator, str] = {
    "ADDITION": "+",
    "SUBTRACTION": "-",
    "MULTIPLICATION": "*",
    "DIVISION": "/",
}


def masked(task: Mask, value: Value) -> Value:
    """`value` with its characters replaced; null stays null. Lengths count code points."""
    text, mask = value.text, literal(task.value)
    if task.operator == "MASK_ALL":
        count = f"length({text})" if task.length is None else str(task.length)
        return text_value(f"CASE WHEN {text} IS NOT NULL THEN repeat({mask}, {count}) END")
    cover = f"repeat({mask}, least({task.length}, length({text})))"
    if task.operator == "MASK_FIRST_N":
        return text_value(f"({cover} || substr({text}, {(task.length or 0) + 1}))")
    return text_value(f"(left({text}, greatest(length({text}) - {task.length}, 0)) || {cover})")


def truncated(length: int, value: Value) -> Value:
    """The first `length` code points of `value`."""
    return text_value(f"left({value.text}, {length})")


def merged(parts: Sequence[str | Value]) -> Value:
    """Literal texts and values in one text; a null counts as empty."""
    # concat() leaves nulls out.
    return text_value(f"concat({', '.join(literal(p) if isinstance(p, str) else p.text for p in parts)})")


def computed(task: Arithmetic, operands: Sequence[Value]) -> Value:
    """The operands folded from left to right; null where one is null or no number, or divides by zero.

    Sums, differences and products are exact up to 20 digits before and 9 (products) or 18 after
    the point; beyond that, and in divisions, they have 15 significant digits.
    """
    result = operands[0]
    for operand in operands[1:]:
        result = number_value(_operation(task.operator, result, operand))
    return result


def _operation(operator: ArithmeticOperator, left: Value, right: Value) -> str:
    sign = _SIGNS[operator]
    doubles = f"TRY_CAST({left.text} AS DOUBLE) {sign} TRY_CAST({right.text} AS DOUBLE)"
    if operator == "DIVISION":
        doubles = f"TRY_CAST({left.text} AS DOUBLE) / nullif(TRY_CAST({right.text} AS DOUBLE), 0)"
    rounded = f"CASE WHEN isfinite({doubles}) THEN format('{{:.15g}}', {doubles}) END"
    if operator == "DIVISION":
        return rounded
    digits = 9 if operator == "MULTIPLICATION" else 18
    exact = f"TRY({_exact(left, digits)} {sign} {_exact(right, digits)})"
    return f"coalesce({shortest(exact + '::VARCHAR')}, {rounded})"


def _exact(value: Value, digits: int) -> str:
    """The value as a DECIMAL with so many digits after the point; NULL where that would round it."""
    text = value.text
    fits = f"strlen({text}) - strpos({text} || '.', '.') <= {digits} AND NOT contains(lower({text}), 'e')"
    return f"CASE WHEN {fits} THEN TRY_CAST({text} AS DECIMAL(38,{digits})) END"
