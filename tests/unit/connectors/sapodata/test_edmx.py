"""$metadata as typed values."""

from __future__ import annotations

import pytest

from headrace.connectors.sapodata.edmx import Property, parse
from headrace.errors import Stop
from tests.standins import odata_metadata

V2 = parse(odata_metadata.v2(), "GET x")
V4 = parse(odata_metadata.v4(), "GET x")


def fields(metadata: object = V2) -> dict[str, Property]:
    return {each.name: each for each in (V2 if metadata is V2 else V4).entity_sets["Things"].properties}


def test_the_version_is_that_of_the_document():
    assert (V2.version, V4.version) == ("V2", "V4")


def test_properties_are_those_of_the_type_and_of_the_types_it_extends():
    assert list(fields(V4)) == ["Id", "Name", "Tags", "Price", "Kind", "Place", "Places", "Day", "Changed"]
    assert [each.name for each in V4.entity_sets["Things"].keys] == ["Id"]


def test_a_key_is_neither_null_nor_updated():
    key = fields()["Id"]
    assert (key.is_key, key.is_nullable, key.is_updatable, key.is_creatable) == (True, False, False, True)


def test_a_type_definition_is_what_lies_under_it_and_an_alias_its_namespace():
    found = fields(V4)
    assert found["Price"].type_name == "Edm.Decimal"
    assert found["Kind"].type_name == "com.shop.Kind"
    assert found["Place"].type_name == "com.shop.Address"
    assert [each.name for each in V4.complex_types["com.shop.Address"]] == ["City", "Area", "Within"]


def test_a_collection_says_what_is_in_it():
    found = fields(V4)
    assert (found["Tags"].type_name, found["Tags"].is_collection) == ("Edm.String", True)
    assert (found["Places"].type_name, found["Places"].is_collection) == ("com.shop.Address", True)


def test_what_saps_attributes_say_is_kept():
    found = fields()
    assert (found["Id"].label, found["Id"].max_length) == ("Thing's number", 10)
    assert found["Day"].is_day
    assert not found["At"].is_day
    assert not found["Changed"].is_updatable
    assert not found["Hidden"].is_filterable
    assert not found["Hidden"].is_creatable


def test_what_annotations_say_is_kept():
    found, things = fields(V4), V4.entity_sets["Things"]
    assert found["Name"].label == "What it is called"
    assert not found["Changed"].is_creatable
    assert not found["Changed"].is_updatable
    assert (things.label, things.is_creatable, things.is_updatable) == ("All things", False, True)


def test_navigation_is_no_property():
    assert V2.entity_sets["Things"].navigation == ("to_Parts",)
    assert "to_Parts" not in fields()


@pytest.mark.parametrize("attribute,member", [("pageable", "is_pageable"), ("creatable", "is_creatable")])
def test_what_an_entity_set_of_version_2_does_not_do_is_said(attribute: str, member: str):
    found = parse(odata_metadata.v2(attributes=f'sap:{attribute}="false"'), "x").entity_sets["Things"]
    assert not getattr(found, member)
    assert getattr(V2.entity_sets["Things"], member)


def test_an_entity_set_of_a_type_that_is_not_there_is_left_out():
    assert list(parse(odata_metadata.v2('<EntitySet Name="Odd" EntityType="OTHER.T"/>'), "x").entity_sets) == ["Things"]


def test_a_type_that_extends_itself_ends():
    text = odata_metadata.v4().replace(b'Name="Base" Abstract="true"', b'Name="Base" BaseType="SELF.Thing"')
    assert "Name" in {each.name for each in parse(text, "x").entity_sets["Things"].properties}


BOMB = b"""<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Edmx>&b;</Edmx>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a SYSTEM "file:///etc/passwd">]><Edmx>&a;</Edmx>"""
PAGE = b"<!DOCTYPE html><html><title>Log in</title></html>"


@pytest.mark.parametrize("body", [BOMB, FILE, PAGE], ids=["bomb", "file", "page"])
def test_a_document_type_is_refused_before_anything_is_made_of_it(body: bytes):
    with pytest.raises(Stop, match=r"GET x answered XML .* document type"):
        parse(body, "GET x")


@pytest.mark.parametrize(
    "body,reason",
    [
        (b"", "answered no XML"),
        (b'{"value": []}', "answered no XML"),
        (b"<Edmx><unclosed></Edmx>", "answered no XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><Edmx/>', "answered no XML"),
        (b"<error><message>no</message></error>", "root error"),
        (b'<Edmx Version="4.0"><DataServices/></Edmx>', "without any Schema"),
    ],
)
def test_what_is_no_metadata_is_told(body: bytes, reason: str):
    with pytest.raises(Stop, match=reason):
        parse(body, "GET x")
