"""Records in the form that they have in the output."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.connectors.sapodata.edmx import Version, parse
from headrace.connectors.sapodata.shapes import Shape
from tests.standins import odata_metadata

V2 = parse(odata_metadata.v2(), "x")
V4 = parse(odata_metadata.v4(), "x")


def shaped(text: str, version: Version = "V2", fields: Sequence[str] | None = None) -> str:
    metadata = V2 if version == "V2" else V4
    return Shape(metadata, metadata.entity_sets["Things"], fields).record(text)


@pytest.mark.parametrize(
    "given,expected",
    [
        ('{"Day":"/Date(1577836800000)/"}', '{"Day":"2020-01-01"}'),
        (r'{"Day":"\/Date(1577836800000)\/"}', '{"Day":"2020-01-01"}'),
        ('{"At":"/Date(1577840523000)/"}', '{"At":"2020-01-01T01:02:03"}'),
        ('{"At":"/Date(-1)/"}', '{"At":"1969-12-31T23:59:59.999"}'),
        ('{"Changed":"/Date(1577840523007+0120)/"}', '{"Changed":"2020-01-01T01:02:03.007Z"}'),
        ('{"At":"/Date(253402214400000)/"}', '{"At":"9999-12-31T00:00:00"}'),
        ('{"At":"/Date(99999999999999999)/"}', '{"At":"/Date(99999999999999999)/"}'),
        ('{"At":"2020-01-01T01:02:03"}', '{"At":"2020-01-01T01:02:03"}'),
        ('{"At":null}', '{"At":null}'),
        ('{"Opens":"PT09H05M00S"}', '{"Opens":"09:05:00"}'),
        ('{"Opens":"PT5M1.25S"}', '{"Opens":"00:05:01.25"}'),
        ('{"Opens":"noon"}', '{"Opens":"noon"}'),
        ('{"Price":"12.500"}', '{"Price":12.500}'),
        ('{"Price":"-0.10","Big":"9007199254740993"}', '{"Price":-0.10,"Big":9007199254740993}'),
        ('{"Price":"12,5","Weight":"INF"}', '{"Price":"12,5","Weight":"INF"}'),
        ('{"Weight":"1.5E+10"}', '{"Weight":1.5E+10}'),
        ('{"Id":"0012"}', '{"Id":"0012"}'),
        (
            '{"Place":{"__metadata":{"type":"x"},"City":"Köln","Since":"/Date(0)/","Area":"1.50"}}',
            '{"Place":{"City":"Köln","Since":"1970-01-01T00:00:00","Area":1.50}}',
        ),
        ('{"Place":null}', '{"Place":null}'),
        (
            '{"__metadata":{"uri":"x"},"Id":"1","to_Parts":{"__deferred":{"uri":"y"}},"Own":7}',
            '{"Id":"1","Own":7}',
        ),
    ],
)
def test_version_2_is_written_as_version_4_would_be(given: str, expected: str):
    assert shaped(given) == expected


@pytest.mark.parametrize(
    "given,expected",
    [
        ('{"@odata.etag":"W/x","Id":"77","Name@odata.type":"#String","Name":"a"}', '{"Id":77,"Name":"a"}'),
        ('{"Price":"1.10"}', '{"Price":1.10}'),
        ('{"Day":"2020-01-01","Changed":"2020-01-01T00:00:00.1234567Z"}', None),
        ('{"Tags":["a","b"],"Kind":"Small"}', None),
        (
            '{"Places":[{"City":"a","Area":"1.5","Within":{"Area":"2.50"}},null]}',
            '{"Places":[{"City":"a","Area":1.5,"Within":{"Area":2.50}},null]}',
        ),
        ('{"Id":77,"Parts":[{"Id":1}]}', '{"Id":77}'),
    ],
)
def test_version_4_loses_annotations_and_navigation(given: str, expected: str | None):
    assert shaped(given, "V4") == (expected or given)


def test_a_collection_of_version_2_may_lie_below_results():
    metadata = parse(odata_metadata.v2().replace(b'Type="SHOP.Address"', b'Type="Collection(SHOP.Address)"'), "x")
    shape = Shape(metadata, metadata.entity_sets["Things"], None)
    assert shape.record('{"Place":{"results":[{"Area":"1"}]}}') == '{"Place":[{"Area":1}]}'


def test_only_the_fields_that_are_asked_for_are_there():
    assert shaped('{"Id":"1","Count":2,"Big":"3"}', fields=("Big", "Id", "Missing")) == '{"Id":"1","Big":3}'


@pytest.mark.parametrize("given", ["[]", "7", '"a"'])
def test_what_is_no_object_is_no_record(given: str):
    with pytest.raises(msgspec.DecodeError):
        shaped(given)


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "@" not in name and name[:2] != "__"), st.text()))
def test_names_and_texts_of_any_kind_stay_what_they_are(members: dict[str, str]):
    known = {*V4.entity_sets["Things"].navigation, *(each.name for each in V4.entity_sets["Things"].properties)}
    record = {name: value for name, value in members.items() if name not in known}
    assert json.loads(shaped(json.dumps(record), "V4")) == record
