"""What docs/rest-connectors.md shows can be written so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from headrace.connector_sdk import rest
from tests.standins.rest_api import RestApi, answers, decoded, query

PAGE = Path(__file__).parents[4] / "docs" / "rest-connectors.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NAMES: dict[str, Any] = {name: getattr(rest, name) for name in rest.__all__}


def test_the_smallest_connector_reads_a_page():
    shown: dict[str, Any] = {}
    exec(BLOCKS[0], shown)
    application = RestApi(answers({"tickets": [{"id": 1}], "meta": {"after": None}}))
    [page] = shown["CONNECTOR"].open(application.connection(), application.outside()).read(query("tickets"))
    assert decoded(page.records) == [{"id": 1}]
    assert application.paths == ["/api/v1/tickets"]


def test_every_other_fact_can_be_said():
    facts = [block for block in BLOCKS[1:] if "import" not in block]
    assert len(facts) == 2
    for fact in facts:
        exec(fact, dict(NAMES))
    calls = re.findall(r"`((?:\w+)\([^`…]*\))`", PAGE.read_text(encoding="utf-8"))
    given = {"at": "a", "param": "p", "field": "f"}
    for call in calls:
        if call.partition("(")[0] in NAMES:
            eval(call, {**NAMES, **given})
