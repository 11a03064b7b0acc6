"""Taps and connectors of others hosted by a service of a test, and their profiles and flows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headrace.connector_sdk.hosts.book import Adapter, to_document
from headrace.store import connectors
from headrace.testing import Headrace
from tests.e2e import custom


def host(service: Headrace, place: Adapter) -> None:
    """What `headrace connectors host` writes down."""
    store = service.service.backend.store
    store.write(lambda tx: connectors.put_place(tx, custom.ARN, to_document(place))).result()


def profile(name: str, kind: str, secrets: Mapping[str, str], **properties: str) -> dict[str, Any]:
    """A request for a profile of the connector Shop."""
    given = {"customAuthenticationType": kind, "credentialsMap": dict(secrets)}
    return custom.profile(name, "Shop", {"authenticationType": "CUSTOM", "custom": given}, **properties)


def incremental(flow: dict[str, Any], field: str | None = None) -> dict[str, Any]:
    """The flow, reading what is new every minute; `field` is its datetimeTypeFieldName."""
    timing = {"scheduleExpression": "rate(1minutes)", "dataPullMode": "Incremental"}
    flow["triggerConfig"] = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}
    if field is not None:
        flow["sourceFlowConfig"]["incrementalPullConfig"] = {"datetimeTypeFieldName": field}
    return flow


def rows(service: Headrace, prefix: str = "") -> list[dict[str, Any]]:
    """Every record in the lake."""
    keys = service.list_objects("lake", prefix)
    return [json.loads(line) for key in keys for line in service.get_object("lake", key).splitlines()]
