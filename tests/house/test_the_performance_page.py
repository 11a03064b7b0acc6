"""docs/performance.md and its plots are what the figures kept beside them say."""

from __future__ import annotations

import json

from bench import page, plots


def test_the_page_and_its_plots_are_made_from_the_figures_beside_them():
    made = page.made(json.loads(page.FIGURES.read_text("utf-8")))
    assert [path.name for path, text in made.items() if page.is_other(path, text)] == []
    assert {path.name for path in page.PLOTS.glob("*.svg")} == {path.name for path in made if path.suffix == ".svg"}


def test_a_figure_that_differs_makes_another_page():
    assert page.part_lines(figures("1.0 s"), "part") != page.part_lines(figures("2.0 s"), "part")


def test_a_part_that_is_missing_is_said_to_be():
    assert page.block("start_up", {}) == page.block("table of peers", {}) == page.block("memory", {}) == page.NONE


def test_a_target_that_was_missed_is_said_to_be():
    assert "at most 1 s: **missed**" in page.part_lines(figures("2.0 s", is_met=False), "part")


def test_small_files_that_missed_their_target_are_said_to_have():
    target = {"kind": "target", "name": "csv to csv, run: to one: throughput of one file", "is_met": False}
    small = {"kind": "small", "pair": "csv to csv", "way": "run: to one", "cpu_s": 4.0, "times": 0.5}
    made = page.block("table of small files", {"small_files": {"lines": [target, small]}})
    assert "| CSV to CSV: run | 2.00 s | 4.00 s (0.50×, **missed**) | – |" in made


def test_the_labels_of_lines_that_end_alike_do_not_lie_on_one_another():
    drawn = plots.lines("t", "x", {"a": [(1, 1.0), (10, 100.0)], "b": [(1, 1.0), (10, 101.0)]})
    ends = [line for line in drawn.splitlines() if 'font-size="10"' in line]
    heights = sorted(float(line.partition(' y="')[2].partition('"')[0]) for line in ends)
    assert heights[1] - heights[0] >= 12


def figures(figure: str, *, is_met: bool = True) -> dict[str, object]:
    line = {"kind": "target", "name": "it", "figure": figure, "target": "at most 1 s", "is_met": is_met}
    return {"part": {"command": "python -m bench.part", "lines": [line], "about": {}}}
