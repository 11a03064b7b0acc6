"""Cron expressions of EventBridge: six fields, UTC."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cron:
    """A cron expression: the values that each field allows."""
