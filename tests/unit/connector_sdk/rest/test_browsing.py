"""Entities and fields that an application lists, and what is made of them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from headrace.connector_sdk.records import Condition
from headrace.connector_sdk.rest import (
    Api,
    Bearer,
    Cursor,
    Described,
    Field,
    Language,
    Listed,
    Offset,
    Projection,
    Resource,
    Span,
)
from headrace.errors import Stop
from tests.standins.rest_api import RestApi, answers, query

FIELDS = Described(
    by=Resource(entity="fields", path="/tables/{table}/fields", records="fields", paging=Offset("from", total="total")),
    name="id",
    type="kind",
    types={"number": "Double", "time": "DateTime"},
    label="title",
    key="is_key",
    cursors=("changed",),
    more=(Field("url"),),
)
TABLES = Resource(
    entity="tables/{table}",
    path="/tables/{table}/rows",
    records="rows",
    fields=FIELDS,
    projection=Projection("fields", always=("id",)),
    filters=(
        Span("changed", "since", form="epoch_s"),
        Language(param="where", says={"GREATER_THAN_OR_EQUAL_TO": "{field}>={value}"}),
    ),
    listed=Listed(
        by=Resource(entity="tables", path="/tables", records="tables", paging=Cursor("next", "page")),
        names={"table": "key"},
        label="title",
        under="tables",
    ),
)
API = Api(
    name="Base",
    base_url="{instanceUrl}",
    logins={"OAuth2": Bearer()},
    resources=(Resource(entity="users", path="/users"), TABLES),
)
DESCRIBED = [
    {"id": "id", "kind": "number", "is_key": True, "title": "Number"},
    {"id": "changed", "kind": "time"},
    {"id": "name", "kind": "unheard"},
]


def test_families_are_listed_below_their_entity_over_all_pages():
    application = RestApi(
        answers(
            {"tables": [{"key": "t1", "title": "One"}, {"title": "none"}], "next": "b"}, {"tables": [{"key": "a b"}]}
        )
    )
    connector = application.connector(API)
    assert connector.entities(None) == [
        {"name": "tables", "label": "tables", "hasNestedEntities": True},
        {"name": "users", "label": "users", "hasNestedEntities": False},
    ]
    assert application.asked == []
    assert connector.entities("tables") == [
        {"name": "tables/t1", "label": "One", "hasNestedEntities": False},
        {"name": "tables/a b", "label": "tables/a b", "hasNestedEntities": False},
    ]
    assert application.paths == ["/tables", "/tables?page=b"]


def test_a_list_of_entities_that_goes_in_a_circle_is_left():
    application = RestApi(lambda _: httpx.Response(200, json={"tables": [], "next": "b"}))
    with pytest.raises(Stop, match="its pages would never end"):
        application.connector(API).entities("tables")


def test_fields_are_described_as_the_application_lists_them():
    application = RestApi(answers({"fields": DESCRIBED[:2], "total": 3}, {"fields": DESCRIBED[2:], "total": 3}))
    number, changed, name, url = application.connector(API).describe("tables/t1")
    assert application.paths == ["/tables/t1/fields?from=0", "/tables/t1/fields?from=2"]
    assert (number["identifier"], number["label"], number["isPrimaryKey"]) == ("id", "Number", True)
    assert changed["sourceProperties"]["isTimestampFieldForIncrementalQueries"] is True
    kinds = [each["supportedFieldTypeDetails"]["v1"]["fieldType"] for each in (number, changed, name, url)]
    assert kinds == ["Double", "DateTime", "String", "String"]
    assert (name["isPrimaryKey"], name["label"]) == (False, "name")


def asked_for(application: RestApi, **changes: Any) -> str:
    list(application.connector(API).read(query("tables/t1", **changes)))
    return application.paths[-1]


def test_less_is_asked_for_as_far_as_the_fields_are_known():
    application = RestApi(lambda request: httpx.Response(200, json={"fields": DESCRIBED, "total": 3, "rows": []}))
    conditions = (
        Condition("changed", "GREATER_THAN", ("2024-01-31T12:00:00Z",), "instant"),
        Condition("id", "GREATER_THAN", ("5",), "number"),
        Condition("name", "GREATER_THAN", ("5",), "number"),
    )
    assert asked_for(application) == "/tables/t1/rows"
    assert len(application.asked) == 1
    assert asked_for(application, fields=("name", "typo")) == "/tables/t1/rows?fields=id%2Cname"
    assert asked_for(application, conditions=conditions) == (
        "/tables/t1/rows?since=1706702400&where=changed%3E%3D2024-01-31T12%3A00%3A00.000Z%20and%20id%3E%3D5"
    )
    assert application.paths.count("/tables/t1/fields?from=0") == 1
