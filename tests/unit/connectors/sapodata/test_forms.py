"""Records and keys as a service wants them written."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.connectors.sapodata.edmx import Version, parse
from headrace.connectors.sapodata.forms import Form
from headrace.connectors.sapodata.shapes import Shape
from tests.standins import odata_metadata

V2 = parse(odata_metadata.v2(), "x")
V4 = parse(odata_metadata.v4(), "x")


def form(version: Version = "V2") -> Form:
    metadata = V2 if version == "V2" else V4
    return Form(metadata, metadata.entity_sets["Things"])


def body(record: str, version: Version = "V2") -> str:
    return form(version).body(record).decode()


@pytest.mark.parametrize(
    "given,expected",
    [
        ('{"Count":"12"}', '{"Count":12}'),
        ('{"Price":12.50,"Big":9007199254740993}', '{"Price":"12.50","Big":"9007199254740993"}'),
        ('{"Price":"12.50","Weight":0.5}', '{"Price":"12.50","Weight":"0.5"}'),
        ('{"Count":"many","Price":"1,5"}', '{"Count":"many","Price":"1,5"}'),
        ('{"IsNew":"TRUE","Hidden":true}', '{"IsNew":true,"Hidden":"true"}'),
        ('{"IsNew":"yes"}', '{"IsNew":"yes"}'),
        ('{"Id":12}', '{"Id":"12"}'),
        ('{"Day":"2020-01-01"}', '{"Day":"/Date(1577836800000)/"}'),
        ('{"At":"2020-01-01T01:02:03.5"}', '{"At":"/Date(1577840523500)/"}'),
        ('{"Changed":"2020-01-01T02:02:03+01:00"}', '{"Changed":"/Date(1577840523000+0000)/"}'),
        ('{"At":"soon","Changed":null}', '{"At":"soon","Changed":null}'),
        ('{"Opens":"09:05:07"}', '{"Opens":"PT09H05M07S"}'),
        ('{"Opens":"09:05"}', '{"Opens":"PT09H05M00S"}'),
        ('{"Opens":"noon"}', '{"Opens":"noon"}'),
        ('{"Unknown":[1,{"a":2}],"Place":{"City":"x"}}', '{"Unknown":[1,{"a":2}],"Place":{"City":"x"}}'),
        ('{"Id":null,"Count":null}', '{"Count":null}'),
    ],
)
def test_values_are_written_as_version_2_has_them(given: str, expected: str):
    assert body(given) == expected


@pytest.mark.parametrize(
    "given,expected",
    [
        ('{"Id":"12","Price":"1.50"}', '{"Id":12,"Price":1.50}'),
        ('{"Day":"2020-01-01T00:00:00Z"}', '{"Day":"2020-01-01"}'),
        ('{"Changed":"2020-01-01"}', '{"Changed":"2020-01-01T00:00:00Z"}'),
        ('{"Changed":"2020-01-01T00:00:00.1234567Z"}', '{"Changed":"2020-01-01T00:00:00.1234567Z"}'),
        ('{"Tags":["a"],"Name":"it\'s ü"}', '{"Tags":["a"],"Name":"it\'s ü"}'),
    ],
)
def test_values_are_written_as_version_4_has_them(given: str, expected: str):
    assert body(given, "V4") == expected


def test_a_key_is_not_written_again_where_the_url_has_it():
    assert form().body('{"Id":"1","Count":2}', ("Id",)) == b'{"Count":2}'


def keyed(properties: str, record: str, version: Version = "V2") -> str | None:
    """The key of a record whose properties are all in the key."""
    names = "".join(f'<PropertyRef Name="{each.split(":")[0]}"/>' for each in properties.split())
    typed = "".join(
        f'<Property Name="{each.split(":")[0]}" Type="Edm.{each.split(":")[1]}"/>' for each in properties.split()
    )
    root = "1.0" if version == "V2" else "4.0"
    text = (
        f'<Edmx Version="{root}"><DataServices><Schema Namespace="N"><EntityType Name="T"><Key>{names}</Key>{typed}'
        '</EntityType><EntityContainer Name="C"><EntitySet Name="Ts" EntityType="N.T"/></EntityContainer></Schema>'
        "</DataServices></Edmx>"
    )
    metadata = parse(text.encode(), "x")
    return Form(metadata, metadata.entity_sets["Ts"]).key(record)


GUID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "properties,record,version,expected",
    [
        ("A:String", '{"A":"a/b\'c d?"}', "V2", "('a%2Fb''c%20d%3F')"),
        ("A:String", '{"A":12}', "V4", "('12')"),
        ("A:Int32", '{"A":"12"}', "V4", "(12)"),
        ("A:Int64 B:Decimal", '{"B":1.50,"A":7}', "V2", "(A=7L,B=1.50M)"),
        ("A:Int64 B:Decimal", '{"B":1.50,"A":7}', "V4", "(A=7,B=1.50)"),
        ("A:Guid", f'{{"A":"{GUID}"}}', "V2", f"(guid'{GUID}')"),
        ("A:Guid", f'{{"A":"{GUID}"}}', "V4", f"({GUID})"),
        ("A:DateTime", '{"A":"2020-01-01T00:00:00"}', "V2", "(datetime'2020-01-01T00:00:00')"),
        ("A:Time", '{"A":"09:05:00"}', "V2", "(time'PT09H05M00S')"),
        ("A:Date B:Boolean", '{"A":"2020-01-01","B":true}', "V4", "(A=2020-01-01,B=true)"),
        ("A:Int32 B:Int32", '{"A":1}', "V4", None),
        ("A:Int32", '{"A":null}', "V4", None),
    ],
)
def test_a_key_is_written_as_urls_have_it(properties: str, record: str, version: Version, expected: str | None):
    assert keyed(properties, record, version) == expected


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_no_text_gets_out_of_a_key(value: str):
    key = keyed("A:String", json.dumps({"A": value}))
    assert key is not None
    assert not {"/", "?", "#", " ", "&", "+"}.intersection(key)
    assert key.count("'") == 2 + 2 * value.count("'")


INSTANTS = st.datetimes().map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))


@given(INSTANTS, st.integers(-(2**63), 2**63 - 1), st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_what_is_written_is_read_as_it_was(at: datetime, big: int, price: Decimal):
    spec = "milliseconds" if at.microsecond else "seconds"
    record = f'{{"At":"{at.isoformat(timespec=spec)}","Big":{big},"Price":{price:f}}}'
    assert Shape(V2, V2.entity_sets["Things"], None).record(body(record)) == record
