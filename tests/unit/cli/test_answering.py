"""Answers as tables, in terminals of any width."""

from __future__ import annotations

from headrace.cli.answering import answer_lines

FLOWS = {"flows": [{"flowName": "orders", "flowStatus": "Active"}, {"flowName": "people", "tags": {"k": "v"}}]}


def table(width: int | None) -> list[str]:
    return "\n".join(answer_lines(FLOWS, "table", width=width)).splitlines()


def test_each_row_has_a_line_where_the_terminal_is_wide_enough() -> None:
    lines = table(60)
    assert [line for line in lines if "orders" in line and "Active" in line]
    assert lines == table(None)


def test_each_row_has_a_table_where_the_terminal_is_too_narrow() -> None:
    lines = table(30)
    assert [line.strip() for line in lines if line.startswith("flows")] == ["flows[0]", "flows[1]"]
    assert [line.split() for line in lines if "orders" in line] == [["│", "flowName", "│", "orders", "│"]]
    assert max(map(len, lines)) <= 30


def test_a_table_that_nobody_looks_at_is_whole() -> None:
    long = {"flows": [{"flowName": "n" * 300, "description": "d" * 300}]}
    assert any("n" * 300 in line and "d" * 300 in line for line in answer_lines(long, "table"))
