"""A hint never keeps a record back that the engine would let pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.tasks import Comparison, Filter, Kind
from headrace.flow.hints import conditions, filter_expression
from tests.oracle.conditions import answers
from tests.oracle.expressions import Value, lets_through
from tests.oracle.tasks import passes

MANY = settings(max_examples=300)
_TEXT = st.text(st.sampled_from("ab \"'\\é\n\x00"), max_size=4)
_START = datetime(2024, 1, 31, tzinfo=UTC)
_INSTANTS = st.one_of(
    st.timedeltas(timedelta(days=-1), timedelta(days=2)),
    st.sampled_from([timedelta(), timedelta(days=1), timedelta(days=1, microseconds=1)]),
).map(lambda since: _START + since)
_NUMBERS = st.one_of(
    st.integers(-3, 3).map(Decimal),
    st.decimals(-5, 5, places=2),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=6),
)
_OPERATORS: tuple[Comparison, ...] = (
    "EQUAL_TO",
    "NOT_EQUAL_TO",
    "CONTAINS",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL_TO",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL_TO",
    "BETWEEN",
)


def written(at: datetime) -> st.SearchStrategy[str]:
    """An instant as users write it: a day only where it is one."""
    forms = [at.isoformat(), f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00", str(round(at.timestamp() * 1000))]
    whole = at.replace(hour=0, minute=0, second=0, microsecond=0) == at
    return st.sampled_from([f"{at:%Y-%m-%d}", *forms] if whole else forms)


@st.composite
def filters_of(draw: st.DrawFn, kind: Kind) -> Filter:
    wanted: dict[str, st.SearchStrategy[str]] = {
        "string": _TEXT.filter(bool),
        "number": _NUMBERS.map(str),
        "instant": _INSTANTS.flatmap(written),
        "boolean": st.sampled_from(["true", "false"]),
    }
    # Applications find a text within texts only.
    possible: list[Comparison] = [each for each in _OPERATORS if each != "CONTAINS" or kind == "string"]
    name: Comparison = draw(st.sampled_from(possible))
    count = 2 if name == "BETWEEN" else draw(st.integers(1, 2))
    values = tuple(draw(wanted[kind]) for _ in range(count))
    field = draw(st.sampled_from(["f", "g", "in", "two words"]))
    return Filter(0, field, name, kind, values)


def values(kind: Kind) -> st.SearchStrategy[Value]:
    of_kind: dict[str, st.SearchStrategy[Value]] = {
        "string": _TEXT,
        "number": _NUMBERS,
        "instant": _INSTANTS,
        "boolean": st.booleans(),
    }
    return st.none() | of_kind[kind]


@MANY
@given(drawn=st.data(), kind=st.sampled_from(("string", "number", "instant", "boolean")))
def test_what_passes_the_filters_passes_the_hint(drawn: st.DataObject, kind: Kind) -> None:
    filters = drawn.draw(st.lists(filters_of(kind), min_size=1, max_size=3))
    record = {name: drawn.draw(values(kind)) for name in ("f", "g", "in", "two words")}
    expression = filter_expression(filters)

    kept = all(passes(task, record[task.field]) for task in filters)

    # Whatever comes of it, the expression is one of the grammar, and the conditions are of their shape.
    let_through = expression is None or lets_through(expression, record)
    assert let_through or not kept
    assert answers(conditions(filters), record) or not kept


_NEAR: dict[Kind, list[tuple[str, Value]]] = {
    "string": [(text, text) for text in ("a", "ab", 'a"b', "b")],
    "number": [(text, Decimal(text)) for text in ("-1.5", "0", "0.5", "1", "12345678901234567890")],
    "instant": [
        (text, datetime.fromisoformat(text).replace(tzinfo=UTC))
        for day in ("2024-01-30", "2024-01-31", "2024-02-01")
        for text in (day, f"{day}T00:00:00.000100", f"{day}T05:00:00", f"{day}T05:00:00.001500")
    ],
    "boolean": [("true", True), ("false", False)],
}


@pytest.mark.parametrize(
    "kind, name", [(kind, name) for kind in _NEAR for name in _OPERATORS if name != "CONTAINS" or kind == "string"]
)
def test_no_hint_keeps_back_what_lies_near_a_bound(kind: Kind, name: Comparison) -> None:
    near, met = _NEAR[kind], 0
    pairs = [(one, other) for one, _ in near for other, _ in near]
    for literals in pairs if name == "BETWEEN" else [*pairs, *((one,) for one, _ in near)]:
        task = Filter(0, "f", name, kind, literals)
        told, expression = conditions([task]), filter_expression([task])
        for _, value in near:
            if passes(task, value):
                met += 1
                assert answers(told, {"f": value}), (task, value)
                assert expression is None or lets_through(expression, {"f": value}), (task, value)
    assert met or kind == "boolean"


@MANY
@given(value=st.integers(-3, 3), wanted=st.integers(-3, 3), name=st.sampled_from(_OPERATORS[3:7]))
def test_a_hint_keeps_back_what_the_filter_drops(value: int, wanted: int, name: Comparison) -> None:
    task = Filter(0, "f", name, "number", (str(wanted),))
    expression = filter_expression([task])

    assert expression is not None
    assert lets_through(expression, {"f": Decimal(value)}) == passes(task, value)
    assert answers(conditions([task]), {"f": Decimal(value)}) == passes(task, value)
