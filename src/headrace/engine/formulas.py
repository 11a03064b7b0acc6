"""Tasks that make or change values: Mask, Truncate, Merge, Arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from headrace.engine.sql import literal
from headrace.engine.tasks import ArithmeticOperator, Mask
from headrace.engine.values import Value, digits_of, is_within, number, number_value, shortest, text_value

_SIGNS: dict[ArithmeticOperator, str] = {
    "ADDITION": "+",
    "SUBTRACTION": "-",
    "MULTIPLICATION": "*",
    "DIVISION": "/",
}
# Of operands with so many digits after the point results are exact, up to the bound.
_DIGITS: dict[ArithmeticOperator, int] = {"ADDITION": 18, "SUBTRACTION": 18, "MULTIPLICATION": 9}
_EXACT_BOUND = "100000000000000000000"
# What most products are: decimals of 64 bits.
_SHORT_SCALE, _SHORT_BOUND = 4, "1e10"


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


def computed(operator: ArithmeticOperator, left: Value, right: Value, name: Callable[[str], str]) -> Value:
    """`left` and `right` as one number; null where one is null or no number, or divides by zero.

    `name` gives an expression a name, so that it is computed once. Sums, differences and
    products are exact up to 20 digits before and 9 (products) or 18 after the point; beyond
    that, and in divisions, they have 15 significant digits.
    """
    if operator != "DIVISION" and all(is_within(each.type, 20, _DIGITS[operator]) for each in (left, right)):
        return _of_exact(operator, left, right, name)
    x, y = number(left.text, "DOUBLE"), number(right.text, "DOUBLE")
    divisor = f"nullif({y}, 0)" if operator == "DIVISION" else y
    # Adding zero turns -0.0 to 0.0.
    double = name(f"{x} {_SIGNS[operator]} {divisor} + 0.0::DOUBLE")
    exact = _exact_cases(operator, left.text, right.text, double)
    slow = f"CASE WHEN {double} IS NULL OR NOT isfinite({double}) THEN NULL {exact} END"
    if operator != "MULTIPLICATION":
        return _computed(name(slow))
    short = name(_short_product(left.text, right.text, double))
    text = f"CASE WHEN {short} IS NULL THEN {slow} ELSE {shortest(short, 18, _SHORT_SCALE)} END"
    native = f"CASE WHEN {short} IS NULL THEN TRY_CAST({slow} AS DOUBLE) ELSE {short}::DOUBLE END"
    return _computed(name(text), name(native))


def _computed(text: str, native: str | None = None) -> Value:
    return Value(text, number_value(text).json, native or f"TRY_CAST({text} AS DOUBLE)", "DOUBLE")


def _short_product(x: str, y: str, double: str) -> str:
    """The exact product of two texts, which is `double` as nearly as that can tell; NULL where it has more digits.

    A product of operands with 14 digits together has at most 14. If it has more than four of them after the point, it
    is further from every decimal with four than all rounding of doubles could take it.
    """
    short = f"TRY_CAST({double} AS DECIMAL(18,{_SHORT_SCALE}))"
    is_near = f"abs({double} - {short}::DOUBLE) <= abs({double}) * 1e-15"
    few = f"strlen({x}) + strlen({y}) <= 14 AND abs({double}) < {_SHORT_BOUND}"
    return f"CASE WHEN {few} AND {is_near} THEN {short} END"


def _of_exact(operator: ArithmeticOperator, left: Value, right: Value, name: Callable[[str], str]) -> Value:
    """The same of two whole numbers or decimals, without a look at their texts."""
    (x, places), (y, others) = map(_as_decimal, (left, right))
    scale = places + others if operator == "MULTIPLICATION" else max(places, others)
    exact = name(f"TRY_CAST(TRY({x} {_SIGNS[operator]} {y}) AS DECIMAL(38,{scale}))")
    double = f"({x}::DOUBLE {_SIGNS[operator]} {y}::DOUBLE)"
    # With 18 digits after the point it has no room for more.
    fits = f"abs({exact}) < {_EXACT_BOUND}" if scale < 18 else f"{exact} IS NOT NULL"
    text = name(f"CASE WHEN {fits} THEN {shortest(exact, 38, scale)} ELSE {_plain(double)} END")
    # A whole number of up to 53 bits, divided by a power of ten, gives the nearest double.
    is_short = f"abs({exact}) < {Decimal(2**53).scaleb(-scale):f}"
    native = f"CASE WHEN {is_short} THEN {exact}::DOUBLE ELSE TRY_CAST({text} AS DOUBLE) END"
    return _computed(text, native)


def _as_decimal(value: Value) -> tuple[str, int]:
    width, scale = digits_of(value.type)
    return f"{value.native}::DECIMAL({width},{scale})", scale


def _exact_cases(operator: ArithmeticOperator, x: str, y: str, double: str) -> str:
    rounded = _plain(double)
    if operator == "DIVISION":
        return f"ELSE {rounded}"
    if operator == "MULTIPLICATION":
        # A product of so few digits has at most 15: the double, rounded to 15, is exact.
        quick = f"WHEN strlen({x}) + strlen({y}) <= 15 AND {_is_short(double)} THEN {_fifteen(double)}"
        return f"{quick} ELSE coalesce({_decimal(operator, x, y, 38, 9)}, {rounded})"
    short = f"strlen({x}) <= 9 AND strlen({y}) <= 9 AND NOT contains(lower({x} || {y}), 'e')"
    quick = f"WHEN {short} THEN {_decimal(operator, x, y, 17, 8)}"
    return f"{quick} ELSE coalesce({_decimal(operator, x, y, 38, 18)}, {rounded})"


def _fifteen(double: str) -> str:
    return f"format('{{:.15g}}', {double})"


def _is_short(double: str) -> str:
    """Whether 15 significant digits of it are written without an exponent."""
    return f"({double} = 0 OR abs({double}) BETWEEN 0.0001 AND 99999999999999)"


def _plain(double: str) -> str:
    """15 significant digits, without an exponent where 38 digits are enough."""
    text = _fifteen(double)
    large = f"WHEN abs({double}) > 1 THEN TRY_CAST({text} AS DECIMAL(38,0))::VARCHAR"
    small = f"WHEN abs({double}) > 1e-20 THEN rtrim(TRY_CAST({text} AS DECIMAL(38,37))::VARCHAR, '0')"
    return f"CASE WHEN {_is_short(double)} THEN {text} ELSE coalesce(CASE {large} {small} END, {text}) END"


def _decimal(operator: ArithmeticOperator, x: str, y: str, width: int, digits: int) -> str:
    """The exact result as shortest text; NULL where an operand has more digits than that."""
    operands = f"{_fitting(x, width, digits)} {_SIGNS[operator]} {_fitting(y, width, digits)}"
    return f"rtrim(rtrim(TRY({operands})::VARCHAR, '0'), '.')"


def _fitting(text: str, width: int, digits: int) -> str:
    number = f"TRY_CAST({text} AS DECIMAL({width},{digits}))"
    if width < 38:
        return number
    fits = f"strlen({text}) - strpos({text} || '.', '.') <= {digits} AND NOT contains(lower({text}), 'e')"
    return f"CASE WHEN {fits} THEN {number} END"
