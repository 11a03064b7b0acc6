"""connectorType and the member that holds its properties."""

from __future__ import annotations

import pytest

from headrace.model.api import SHAPES
from headrace.model.connector_names import connector_types, member_name, member_of
from headrace.model.enums import values_of
from headrace.model.shapes import Structure


@pytest.mark.parametrize(
    "connector_type, member",
    [("Googleanalytics", "GoogleAnalytics"), ("Infornexus", "InforNexus"), ("Servicenow", "ServiceNow"), ("S3", "S3")],
)
def test_the_two_spellings_find_each_other(connector_type: str, member: str) -> None:
    assert member_name(connector_type, {member: 1, "Other": 2}) == member
    assert member_of(connector_type, {member: "it", "Other": "not"}) == "it"


def test_another_connectors_member_is_none() -> None:
    assert member_of("S3", {"Slack": {}}) is None


def test_every_member_of_the_unions_has_a_connector_type() -> None:
    for name in ("SourceConnectorProperties", "DestinationConnectorProperties", "ConnectorOperator"):
        shape = SHAPES[name]
        assert isinstance(shape, Structure)
        members = {member.name: member for member in shape.members}
        assert set(members) == {member_name(each, members) for each in connector_types()} - {None}


def test_the_enumeration_is_the_models() -> None:
    assert len(connector_types()) == 24
    assert values_of("TriggerType") == ("Scheduled", "Event", "OnDemand")


def test_a_shape_without_values_is_refused() -> None:
    with pytest.raises(TypeError, match="FlowName is no enumeration"):
        values_of("FlowName")
