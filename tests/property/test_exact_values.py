"""Whole numbers and decimals of typed files mean what their texts mean, however they are worked out."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace.engine.layout import Output
from headrace.engine.tasks import Arithmetic, ArithmeticOperator, Filter, Map, Tasks
from tests.oracle.running import Bench
from tests.property.datasets import csv_of

_WHOLE = {"BIGINT": (-(2**63), 2**63 - 1), "UBIGINT": (0, 2**64 - 1), "INTEGER": (-(2**31), 2**31 - 1)}
_FORMS = (Output("out", file_type="JSON"), Output("out", file_type="PARQUET", keeps_types=True))


def text_of(value: Decimal) -> str:
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


@st.composite
def exact_types(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return draw(st.sampled_from(sorted(_WHOLE)))
    scale = draw(st.integers(0, 18))
    return f"DECIMAL({draw(st.integers(max(scale, 1), 38))},{scale})"


@st.composite
def values_of(draw: st.DrawFn, type_: str) -> Decimal:
    if type_ in _WHOLE:
        return Decimal(draw(st.one_of(st.integers(*_WHOLE[type_]), st.integers(0, 100))))
    width, scale = map(int, type_.removeprefix("DECIMAL(").removesuffix(")").split(","))
    digits = draw(st.one_of(st.integers(0, 10**width - 1), st.integers(0, min(10**width - 1, 10**6))))
    # Trailing zeros are what the shortest form leaves out.
    zeros = draw(st.integers(0, width))
    with localcontext(Context(prec=60)):
        return Decimal((digits // 10**zeros * 10**zeros) * draw(st.sampled_from((1, -1)))).scaleb(-scale)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[str, str], list[tuple[Decimal | None, ...]]]:
    types = (draw(exact_types()), draw(exact_types()))
    cells = [st.none() | values_of(each) for each in types]
    return types, draw(st.lists(st.tuples(*cells), min_size=1, max_size=8))


# Past twenty digits before the point results are rounded, and past 64 bits so are doubles.
LARGE = (("DECIMAL(19,1)", "BIGINT"), [(Decimal("123456789012345678.9"), Decimal(9_876_543_211))])
LONG = (("DECIMAL(20,0)", "BIGINT"), [(Decimal(65773777112380714092), Decimal(1))])


@settings(max_examples=60)
@example(drawn=LARGE, operator="MULTIPLICATION")
@example(drawn=LONG, operator="ADDITION")
@given(drawn=pairs(), operator=st.sampled_from(get_args(ArithmeticOperator)))
def test_arithmetic_over_typed_columns_is_that_over_their_texts(
    bench: Bench, drawn: tuple[tuple[str, str], list[tuple[Decimal | None, ...]]], operator: ArithmeticOperator
) -> None:
    types, rows = drawn
    tasks = Tasks(
        arithmetics=(Arithmetic(0, "c", operator, ("a", "b")),),
        maps=(Map(1, "a", "a", None), Map(2, "b", "b", None), Map(3, "c", "c", "double")),
    )
    texts = [["" if cell is None else text_of(cell) for cell in row] for row in rows]
    source = bench.parquet(list(zip("ab", types, strict=True)), rows)
    for output in _FORMS:
        typed = bench.run(tasks, source, input="parquet", output=output)
        plain = bench.run(tasks, csv_of([("a", "b"), *texts]), output=output)
        assert [each["c"] for each in typed.records()] == [each["c"] for each in plain.records()]
    shown = [[None if cell is None else text_of(cell) for cell in row] for row in rows]
    assert [
        [_shown(each["a"]), _shown(each["b"])] for each in bench.run(tasks, source, input="parquet").records()
    ] == shown


def _shown(value: object) -> str | None:
    """A number as JSON has it, as text."""
    return None if value is None else f"{Decimal(str(value)):f}"


@settings(max_examples=60)
@given(drawn=st.data(), operator=st.sampled_from(("EQUAL_TO", "GREATER_THAN", "LESS_THAN_OR_EQUAL_TO")))
def test_filters_over_typed_columns_are_those_over_their_texts(
    bench: Bench, drawn: st.DataObject, operator: str
) -> None:
    type_ = drawn.draw(exact_types())
    rows = drawn.draw(st.lists(st.tuples(st.none() | values_of(type_)), min_size=1, max_size=8))
    known = [text_of(cell) for (cell,) in rows if cell is not None]
    wanted = drawn.draw(st.sampled_from([*known, "0", "2", "-0.5", "1e25"]))
    tasks = Tasks(filters=(Filter(0, "a", operator, "number", (wanted,)),), maps=(Map(1, "a", "a", None),))  # pyright: ignore[reportArgumentType]
    texts = [["" if cell is None else text_of(cell), "x"] for (cell,) in rows]
    typed = bench.run(tasks, bench.parquet([("a", type_)], rows), input="parquet")
    plain = bench.run(tasks, csv_of([("a", "b"), *texts]))
    assert [_shown(each["a"]) for each in typed.records()] == [_shown(each["a"]) for each in plain.records()]


@st.composite
def short_texts(draw: st.DrawFn) -> str:
    digits = draw(st.one_of(st.integers(0, 10**9), st.integers(0, 10**4)))
    value = Decimal(digits * draw(st.sampled_from((1, -1)))).scaleb(-draw(st.integers(0, 9)))
    return f"{value:f}" + draw(st.sampled_from(("", "", "", "e2", "E-3")))


# Beside a multiple of 0.0001 that no double of such a size can be told from less closely.
NEAR = [("9999999.9999999", "1"), ("1234567.8", "100.001"), ("33.3333", "3"), ("0.00001", "0.1"), ("-0", "5")]


@settings(max_examples=60)
@example(rows=NEAR)
@given(rows=st.lists(st.tuples(short_texts(), short_texts()), min_size=1, max_size=12))
def test_products_of_short_texts_are_exact(bench: Bench, rows: list[tuple[str, str]]) -> None:
    tasks = Tasks(arithmetics=(Arithmetic(0, "c", "MULTIPLICATION", ("a", "b")),), maps=(Map(1, "c", "c", "double"),))
    exact = [Decimal(x) * Decimal(y) for x, y in rows]
    for output in _FORMS:
        records = bench.run(tasks, csv_of([("a", "b"), *rows]), output=output).records()
        for product, record in zip(exact, records, strict=True):
            if len(product.as_tuple().digits) <= 14:
                assert Decimal(str(record["c"])) == Decimal(repr(float(product))), (product, output.file_type)
