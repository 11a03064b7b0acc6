"""Plots as SVG: bars in groups, and lines over two logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH = 760
_LEFT, _RIGHT, _TOP, _BOTTOM = 170, 60, 70, 46
_HEIGHT = 400
_BAR, _BETWEEN = 13, 12
# Colours that the colour-blind tell apart (Okabe and Ito); lines have marks of their own besides.
_COLOURS = {
    "headrace": "#0072b2",
    "headrace run": "#0072b2",
    "headrace service": "#56b4e9",
    "DuckDB": "#555555",
    "Polars": "#e69f00",
    "dlt": "#009e73",
    "Sling": "#cc79a7",
}
_MORE = ("#0072b2", "#d55e00", "#009e73", "#555555", "#e69f00", "#cc79a7")
_MARKS = (
    '<circle cx="{x}" cy="{y}" r="4.5" {fill}/>',
    '<rect x="{x}" y="{y}" width="8" height="8" transform="translate(-4 -4)" {fill}/>',
    '<path d="M0 -5.5 L5 4 L-5 4 Z" transform="translate({x} {y})" {fill}/>',
    '<path d="M0 -6 L6 0 L0 6 L-6 0 Z" transform="translate({x} {y})" {fill}/>',
    '<path d="M0 5.5 L5 -4 L-5 -4 Z" transform="translate({x} {y})" {fill}/>',
)


Points = Sequence[tuple[float, float]]


def bars(title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """A group for each key, in it a bar for each series, with its value beside it."""
    series = list(dict.fromkeys(name for group in groups.values() for name in group))
    most = max((value for group in groups.values() for value in group.values()), default=1.0)
    across = (WIDTH - _LEFT - _RIGHT) / most
    parts, y = [_heading(title), *_legend(series)], float(_TOP)
    for label, group in groups.items():
        middle = y + len(group) * _BAR / 2
        parts.append(_text(_LEFT - 10, middle + 4, label, anchor="end"))
        for name, value in group.items():
            fill = f'fill="{_colour(name, series)}"'
            parts.extend(
                (
                    f'<rect x="{_LEFT}" y="{y:.1f}" width="{value * across:.1f}" height="{_BAR - 2}" {fill}/>',
                    _text(_LEFT + value * across + 5, y + _BAR - 3.5, f"{value:,.2f}", size=10),
                )
            )
            y += _BAR
        y += _BETWEEN
    parts.append(f'<line x1="{_LEFT}" y1="{_TOP - 6}" x2="{_LEFT}" y2="{y - _BETWEEN + 6:.1f}" stroke="#333"/>')
    return _svg(parts, y + 8)


def lines(title: str, x_title: str, series: Mapping[str, Points]) -> str:
    """A line with marks for each series; both axes are logarithmic, and the last value stands beside its mark."""
    xs = sorted({x for points in series.values() for x, _ in points})
    ys = [y for points in series.values() for _, y in points]
    across = _scale(xs[0], xs[-1], _LEFT - 80, WIDTH - _RIGHT - 40)
    ticks = _decades(min(ys), max(ys))
    down = _scale(ticks[0], ticks[-1], _HEIGHT - _BOTTOM, _TOP)
    parts = [_heading(title), *_legend(list(series), is_marked=True)]
    for tick in ticks:
        y = down(tick)
        parts.append(f'<line x1="{_LEFT - 90}" y1="{y:.1f}" x2="{WIDTH - 20}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 96, y + 4, f"{tick:,.10g}", anchor="end", size=11))
    parts.extend(_text(across(x), _HEIGHT - _BOTTOM + 18, f"{x:,.0f}", anchor="middle", size=11) for x in xs)
    parts.append(_text((WIDTH - 60) / 2 + 30, _HEIGHT - 6, x_title, anchor="middle"))
    for number, (name, points) in enumerate(series.items()):
        places = [(across(x), down(y)) for x, y in sorted(points)]
        parts.extend(_line(places, _colour(name, list(series)), number))
    ends = [(across(x), down(y), f"{y:,.3g}" if y < 100 else f"{y:,.0f}") for x, y in map(max, series.values())]
    parts.extend(_labels(ends))
    return _svg(parts, _HEIGHT)


def _line(places: Sequence[tuple[float, float]], colour: str, number: int) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = [
        _MARKS[number % len(_MARKS)].format(x=f"{x:.1f}", y=f"{y:.1f}", fill=f'fill="{colour}"') for x, y in places
    ]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *marks]


def _labels(ends: list[tuple[float, float, str]]) -> list[str]:
    """Values beside the last marks, moved down where they would lie on one another."""
    placed: list[tuple[float, float]] = []
    texts: list[str] = []
    for x, y, text in sorted(ends):
        taken = [below for other, below in placed if abs(other - x) < 50]
        at = y + 4
        while any(abs(at - below) < 12 for below in taken):
            at += 1
        placed.append((x, at))
        texts.append(_text(x + 10, at, text, size=10))
    return texts


def _decades(least: float, most: float) -> list[float]:
    """Powers of ten and what lies evenly between them, from below the least to above the most."""
    steps = [base * 10.0**power for power in range(-4, 9) for base in (1, 2, 5)]
    first = max(index for index, step in enumerate(steps) if step <= least)
    last = min(index for index, step in enumerate(steps) if step >= most)
    return steps[first : max(last, first + 1) + 1]


def _scale(least: float, most: float, begin: float, end: float) -> _Scale:
    return _Scale(math.log(least), max(math.log(most) - math.log(least), 1e-9), begin, end)


class _Scale(NamedTuple):
    least: float
    span: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        return self.begin + (math.log(value) - self.least) / self.span * (self.end - self.begin)


def _colour(name: str, series: Sequence[str]) -> str:
    return _COLOURS.get(name) or _MORE[list(series).index(name) % len(_MORE)]


def _legend(series: Sequence[str], *, is_marked: bool = False) -> list[str]:
    parts, x = list[str](), 16.0
    for number, name in enumerate(series):
        mark = _MARKS[number % len(_MARKS)] if is_marked else _MARKS[1]
        parts.append(mark.format(x=x + 5, y=40, fill=f'fill="{_colour(name, series)}"'))
        parts.append(_text(x + 14, 44, name))
        x += 34 + 7.2 * len(name)
    return parts


def _heading(title: str) -> str:
    return _text(16, 22, title, size=15, weight="bold")


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal") -> str:
    style = f'text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _svg(parts: Sequence[str], height: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}"'
        ' font-family="Helvetica, Arial, sans-serif" fill="#222">'
    )
    return "\n".join((head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>")) + "\n"
