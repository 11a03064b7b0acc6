"""Flows, profiles and connectors made what documents say, and documents made of what there is."""

from __future__ import annotations

from headrace.applying.account import Account
from headrace.applying.changes import OWNER_TAG, Action, Change, changes_for, pruning
from headrace.applying.exporting import exported
from headrace.applying.making import Unfinished, make
from headrace.applying.secrets import with_secrets

__all__ = [
    "OWNER_TAG",
    "Account",
    "Action",
    "Change",
    "Unfinished",
    "changes_for",
    "exported",
    "make",
    "pruning",
    "with_secrets",
]
