"""A whole headrace in the process of a test: real HTTP, real store, real engine, a clock turned by hand."""

from __future__ import annotations

from headrace.testing.runs import Run
from headrace.testing.service import START, Headrace, StillRunning, running

__all__ = ["START", "Headrace", "Run", "StillRunning", "running"]
