"""The service's own description of /headrace/v1, and whether answers are what it says."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from headrace.model.json_text import dump, parse
from headrace.wire.extension_table import ROWS
from headrace.wire.openapi import openapi

DOCUMENT = openapi(ROWS)


def check_answer(name: str, answer: Any) -> None:
    """Fail unless the answer, as it goes over the wire, is what the description says of the row that has this name."""
    (row,) = (row for row in ROWS if row.name == name)
    schema = {"$ref": f"#/components/schemas/{row.answer}", "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(schema, validate_formats=False).validate(parse(dump(answer)))
