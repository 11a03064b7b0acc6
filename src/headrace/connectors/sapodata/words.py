"""What a service's answers mean, in its own words."""

from __future__ import annotations

import json
from typing import Any, cast
from xml.etree.ElementTree import Element

from headrace.connector_sdk.http.messages import Answer
from headrace.connector_sdk.http.verdicts import failure, words
from headrace.connectors.sapodata.edmx import root_of
from headrace.connectors.sapodata.xml_names import local
from headrace.errors import ConnectorError, Stop

Json = dict[str, Any]


def judge(answer: Answer) -> ConnectorError | None:
    """What the answer means; None: it is a success."""
    if answer.status < 300:
        return None
    text = _own_words(answer)
    # What a service says itself of a record that it was to take is no failure of the server, whatever the status.
    is_about_a_record = answer.status == 500 and bool(text) and not answer.where.startswith("GET ")
    return failure(answer, text or words(answer), Stop if is_about_a_record else None)


def said(answer: Answer) -> str:
    """The service's own words: those of OData's error bodies, as JSON or XML, with details and codes."""
    return _own_words(answer) or words(answer)


def _own_words(answer: Answer) -> str:
    """Those of an OData error body; empty where the answer has none."""
    try:
        if "xml" in answer.kind:
            return _line(_of_xml(root_of(answer.body, answer.where)))
        found: object = json.loads(answer.body)
    except (Stop, ValueError, RecursionError):
        return ""
    error = _object(_object(found).get("error"))
    details: object = error.get("details") or _object(error.get("innererror")).get("errordetails")
    every: list[object] = [error, *(cast("list[object]", details) if isinstance(details, list) else [])]
    return "; ".join(dict.fromkeys(text for each in every if (text := _sentence(_object(each)))))


def _sentence(error: Json) -> str:
    message: object = error.get("message")
    text = _object(cast("object", message)).get("value") if isinstance(message, dict) else message
    code = error.get("code")
    named = f" ({code})" if isinstance(code, str) and "/" in code else ""
    return f"{_line(str(text))}{named}" if text else ""


def _of_xml(root: Element) -> str:
    """The first message of OData's XML error."""
    if local(root) != "error":
        return ""
    return next((" ".join(each.itertext()) for each in root.iter() if local(each) == "message"), "")


def _object(found: object) -> Json:
    return cast("Json", found) if isinstance(found, dict) else {}


def _line(text: str) -> str:
    return " ".join(text.split())
