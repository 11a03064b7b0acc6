"""The lines that a benchmark prints, keeps as JSON for docs/performance.md, and whether its targets were met."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_WIDTH = 60
# Names the file that the lines and figures of a part are added to, one JSON object each.
FIGURES = "BENCH_FIGURES"


class Report:
    """One benchmark's part of the page."""

    def __init__(self, title: str) -> None:
        self._missed: list[str] = []
        print(f"\n{title}\n{'-' * len(title)}", flush=True)
        _keep(kind="title", title=title)

    def fact(self, name: str, *figures: str) -> None:
        self._line(name, figures)
        _keep(kind="fact", name=name.strip(), figures=list(figures))

    def ratio(self, name: str, ratio: float, *, at_least: float) -> None:
        self._judge(name, f"{ratio:.2f}×", f"at least {at_least:.3g}×", is_met=ratio >= at_least)

    def seconds(self, name: str, seconds: float, *, at_most: float) -> None:
        self._judge(name, f"{seconds:.3f} s", f"at most {at_most:g} s", is_met=seconds <= at_most)

    def figure(self, kind: str, **values: str | float) -> None:
        """What a table or plot is made of; nothing is printed."""
        _keep(kind=kind, **values)

    def close(self, is_sound: bool = True, fault: str = "") -> None:  # noqa: FBT001, FBT002
        """End the part; the exit code is 1 if a target was missed or the measurement is not sound."""
        if not is_sound:
            sys.exit(f"Not a sound measurement: {fault}")
        if self._missed:
            sys.exit(f"Missed: {', '.join(self._missed)}")

    def _judge(self, name: str, figure: str, target: str, *, is_met: bool) -> None:
        self._line(name, (f"{figure:<12}", f"{target}: {'met' if is_met else 'MISSED'}"))
        _keep(kind="target", name=name.strip(), figure=figure, target=target, is_met=is_met)
        if not is_met:
            self._missed.append(name)

    def _line(self, name: str, figures: tuple[str, ...]) -> None:
        print(f"{name:<{_WIDTH}}  {'   '.join(figures)}", flush=True)


def _keep(**line: object) -> None:
    if path := os.environ.get(FIGURES):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
