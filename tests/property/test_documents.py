"""Requests go through every form, and come back as they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.documents import FORMS, BadDocument, Document, Kind, Place, read, write
from headrace.documents.references import hidden
from tests.property.documents import bodies, without_nulls

_PROPERTIES = "connectorProfileProperties"


@st.composite
def documents(draw: st.DrawFn, kind: Kind) -> Document:
    request: dict[str, Any] = without_nulls(draw(bodies(kind.operation)))
    request.pop("clientToken", None)
    name = draw(st.text(min_size=1, max_size=12))
    return hidden(Document(kind, name, request | {kind.name_member: name}, Place("f")))


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_flow_comes_back_as_it_was(form: str, data: st.DataObject) -> None:
    document = data.draw(documents(Kind.FLOW))
    with suppress(BadDocument):
        (again,) = read("again", write([document], form).encode(), {})

        assert json.dumps(again.request) == json.dumps(document.request)


def told(request: Mapping[str, Any]) -> str:
    """The request without properties of a profile that are empty: templates have those of its type, or none."""
    config = request.get("connectorProfileConfig", {})
    kept = {name: part for name, part in config.get(_PROPERTIES, {}).items() if part}
    others = {name: part for name, part in config.items() if name != _PROPERTIES}
    return json.dumps([{**request, "connectorProfileConfig": others}, kept])


@pytest.mark.parametrize("kind", [Kind.PROFILE, Kind.CONNECTOR])
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_profiles_and_connectors_come_back_as_they_were(form: str, kind: Kind, data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    with suppress(BadDocument):
        (again,) = read("again", write([document], form).encode(), {})

        assert told(again.request) == told(document.request)
        assert sorted(again.missing) == sorted(document.missing)
