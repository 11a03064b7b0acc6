"""Services, entity sets and fields as the API shows them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from headrace.errors import Stop
from headrace.model.check import violations
from tests.standins import odata_metadata
from tests.standins.odata_service import at, connector
from tests.standins.rest_api import answers

V2 = odata_metadata.v2()
V4 = odata_metadata.v4()
CATALOG_V2 = odata_metadata.v2('<EntitySet Name="ServiceCollection" EntityType="SHOP.Thing"/>')
CATALOG_V4 = odata_metadata.v4('<EntitySet Name="ServiceGroups" EntityType="com.shop.Thing"/>')


def entities(metadata: bytes, *answered: Any, path: str | None = None) -> list[Any]:
    return list(connector(at(metadata, answers(*answered))).entities(path))


def service(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "hasNestedEntities": True}


def test_a_service_has_its_entity_sets():
    assert entities(V2) == [{"name": "/svc/Things", "label": "All things", "hasNestedEntities": False}]
    assert entities(V4, path="other/svc/")[0]["name"] == "/other/svc/Things"


def test_a_catalog_of_version_2_has_services():
    first = {
        "d": {
            "results": [
                {"ServiceUrl": "http://inner:8000/sap/opu/odata/sap/A_SRV", "Title": "A", "Description": "the A"},
                {"ServiceUrl": "/sap/opu/odata/sap/B_SRV/", "Title": "", "Description": "the B"},
                {"Title": "nowhere"},
            ],
            "__next": "http://inner:8000/svc/ServiceCollection?$skiptoken=1",
        }
    }
    second = {"d": {"results": [{"ServiceUrl": "/sap/opu/odata/sap/A_SRV", "Title": "A again"}]}}
    assert entities(CATALOG_V2, first, second) == [
        service("/sap/opu/odata/sap/A_SRV", "A again"),
        service("/sap/opu/odata/sap/B_SRV", "the B"),
    ]


def test_a_catalog_of_version_4_has_the_services_of_its_groups():
    groups = {
        "value": [
            {
                "GroupId": "G",
                "DefaultSystem": {"Services": [{"ServiceUrl": "/sap/opu/odata4/x/0001/", "ServiceId": "X"}]},
            },
            {"GroupId": "empty", "DefaultSystem": None},
        ]
    }
    application = at(CATALOG_V4, answers(groups))
    assert connector(application).entities(None) == [service("/sap/opu/odata4/x/0001", "X")]
    assert "$expand=DefaultSystem($expand=Services)" in application.paths[-1]


def test_a_catalog_that_never_ends_is_told():
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"d": {"results": [], "__next": "ServiceCollection?$skiptoken=1"}})

    with pytest.raises(Stop, match="more than 1000 pages"):
        connector(at(CATALOG_V2, answer)).entities(None)


def described(metadata: bytes) -> dict[str, Any]:
    found = connector(at(metadata, answers())).describe("/svc/Things")
    return {each["identifier"]: each for each in found}


@pytest.mark.parametrize("metadata", [V2, V4], ids=["V2", "V4"])
def test_fields_are_as_the_api_has_them(metadata: bytes):
    answer = {"connectorEntityFields": list(described(metadata).values())}
    assert list(violations("DescribeConnectorEntityResponse", answer)) == []


def test_a_field_says_what_it_is_and_what_it_can_do():
    fields = described(V2)
    assert fields["Id"]["label"] == "Thing's number"
    assert fields["Id"]["isPrimaryKey"]
    assert fields["Id"]["supportedFieldTypeDetails"]["v1"] == {
        "fieldType": "Edm.String",
        "filterOperators": ["CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"],
        "fieldLengthRange": {"minimum": 0, "maximum": 10},
    }
    assert "BETWEEN" in fields["At"]["supportedFieldTypeDetails"]["v1"]["filterOperators"]
    assert fields["At"]["sourceProperties"]["isTimestampFieldForIncrementalQueries"]
    assert not fields["Count"]["sourceProperties"]["isTimestampFieldForIncrementalQueries"]
    assert fields["Hidden"]["sourceProperties"] == {
        "isRetrievable": True,
        "isQueryable": False,
        "isTimestampFieldForIncrementalQueries": False,
    }


def test_a_structure_names_its_members_and_a_collection_what_is_in_it():
    fields = described(V4)
    assert fields["Place"]["description"] == "A structure of City and Area and Within."
    assert fields["Tags"]["supportedFieldTypeDetails"]["v1"] == {
        "fieldType": "Collection(Edm.String)",
        "filterOperators": [],
    }


def test_nothing_of_an_entity_set_that_can_not_be_written_is_creatable():
    assert not any(each["destinationProperties"]["isCreatable"] for each in described(V4).values())
    assert described(V2)["Id"]["destinationProperties"] == {
        "isCreatable": True,
        "isNullable": False,
        "isUpdatable": False,
        "isUpsertable": True,
        "supportedWriteOperations": ["UPDATE", "UPSERT"],
    }
