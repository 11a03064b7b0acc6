"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from headrace.cli.findings import Located
from headrace.flow.findings.about import ABOUT
from headrace.flow.rules import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = tuple(Rule)


def sarif(found: Sequence[Located], version: str) -> dict[str, Any]:
    """One run of the tool with every finding as a result."""
    driver = {"name": "headrace", "version": version, "rules": [_rule(rule) for rule in _RULES]}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each) for each in found],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    level, about = ABOUT[rule]
    return {"id": rule.value, "shortDescription": {"text": about}, "defaultConfiguration": {"level": level}}


def _result(each: Located) -> dict[str, Any]:
    text = ": ".join(part for part in (each.member, each.message) if part)
    return {
        "ruleId": each.rule,
        "ruleIndex": _RULES.index(Rule(each.rule)),
        "level": each.level,
        "message": {"text": f"{text}; {each.instead}" if each.instead else text},
        "locations": [{"physicalLocation": _place(each)}],
    }


def _place(each: Located) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(PurePath(each.at.file).as_posix())}}
    return place if each.at.line is None else {**place, "region": {"startLine": each.at.line}}
