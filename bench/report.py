"""The lines that a benchmark prints, and whether its targets were met."""

from __future__ import annotations

import sys

_WIDTH = 44


class Report:
    """One benchmark's part of the page."""

    def __init__(self, title: str) -> None:
        self._missed: list[str] = []
        print(f"\n{title}\n{'-' * len(title)}")

    def fact(self, name: str, *figures: str) -> None:
        print(f"{name:<{_WIDTH}}  {'   '.join(figures)}", flush=True)

    def ratio(self, name: str, ratio: float, *, at_least: float) -> None:
        self._judge(name, f"{ratio:.2f}×", f"at least {at_least:g}×", is_met=ratio >= at_least)

    def seconds(self, name: str, seconds: float, *, at_most: float) -> None:
        self._judge(name, f"{seconds:.3f} s", f"at most {at_most:g} s", is_met=seconds <= at_most)

    def close(self, is_sound: bool = True, fault: str = "") -> None:  # noqa: FBT001, FBT002
        """End the part; the exit code is 1 if a target was missed or the measurement is not sound."""
        if not is_sound:
            sys.exit(f"Not a sound measurement: {fault}")
        if self._missed:
            sys.exit(f"Missed: {', '.join(self._missed)}")

    def _judge(self, name: str, figure: str, target: str, *, is_met: bool) -> None:
        self.fact(name, f"{figure:<12}", f"{target}: {'met' if is_met else 'MISSED'}")
        if not is_met:
            self._missed.append(name)
