"""What CreateFlow asks of a source."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.connector_sdk.records import Connection, Connections, Credentials
from headrace.connector_sdk.registry import Registry
from headrace.connector_sdk.webhook import Webhook
from headrace.errors import (
    ConnectorAuthenticationException,
    ConnectorServerException,
    Refused,
    ResourceNotFoundException,
    Retry,
    Stop,
    ValidationException,
)
from headrace.flow.plan import Plan, plan
from headrace.runner.source_check import SourceCheck
from tests.standins.application import Application, Profiles, from_records, to_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, flow
from tests.unit.runner.rig import document
from tests.unit.runner.stores import Connectors, Objects


def check_of(objects: Objects) -> SourceCheck:
    connectors: Registry = Connectors(objects)  # pyright: ignore[reportAssignmentType]
    return SourceCheck(connectors)


def test_a_source_that_holds_something_passes() -> None:
    check_of(Objects({("raw", "in/1"): ""})).check(plan(document()), "1", "r")


def test_a_source_that_holds_nothing_is_refused_by_name() -> None:
    with pytest.raises(ConnectorServerException, match="nothing lies at S3 raw/in"):
        check_of(Objects({("raw", "elsewhere/1"): ""})).check(plan(document()), "1", "r")


@pytest.mark.parametrize("error", [Stop("no such bucket"), Retry("busy")])
def test_a_source_that_can_not_be_listed_is_refused_with_its_reason(error: Exception) -> None:
    def fail() -> None:
        raise error

    objects = Objects()
    objects.on_list = fail

    with pytest.raises(ConnectorServerException, match=str(error)):
        check_of(objects).check(plan(document()), "1", "r")


def test_a_connector_that_is_not_here_is_named() -> None:
    connectors = Connectors(Objects())
    connectors.absent = "There is no connector Salesforce here"

    assert SourceCheck(connectors).missing(plan(document())) == connectors.absent  # pyright: ignore[reportArgumentType]


def profiles_check(**applications: Application) -> SourceCheck:
    connectors: Registry = Connectors(Objects({("raw", "in/1"): ""}))  # pyright: ignore[reportAssignmentType]
    return SourceCheck(connectors, Profiles(**applications))


def from_crm_to_erp(**destination: str) -> Plan:
    return plan(flow(PROJECTION, MAP_ALL, source=from_records(), destination=to_records(**destination)))


def test_both_applications_are_asked_about_settings_and_entities() -> None:
    crm, erp = Application(), Application()

    profiles_check(crm=crm, erp=erp).check(from_crm_to_erp(), "1", "r")

    assert (crm.checked, erp.checked) == ([("SOURCE", {"view": "all"})], [("DESTINATION", {})])


@pytest.mark.parametrize("gone", ["crm", "erp"])
def test_a_profile_that_is_not_there_is_named(gone: str) -> None:
    there = {name: Application() for name in ("crm", "erp") if name != gone}

    with pytest.raises(ResourceNotFoundException, match=f"no connector profile {gone}"):
        profiles_check(**there).check(from_crm_to_erp(), "1", "r")


def test_there_are_no_profiles_where_nothing_can_be_connected_to() -> None:
    connectors: Registry = Connectors(Objects())  # pyright: ignore[reportAssignmentType]

    with pytest.raises(ResourceNotFoundException, match="no connector profile crm"):
        SourceCheck(connectors).check(from_crm_to_erp(), "1", "r")


def test_an_entity_that_the_application_lacks_is_refused() -> None:
    with pytest.raises(ConnectorServerException, match="There is no entity invoice"):
        profiles_check(crm=Application(), erp=Application()).check(from_crm_to_erp(entity="invoice"), "1", "r")


def test_settings_that_the_connector_refuses_are_told() -> None:
    asked = plan(flow(MAP_ALL, destination=to_records(customProperties={"wrong": "1"})))

    with pytest.raises(ConnectorServerException, match="DESTINATION: there is no setting wrong"):
        profiles_check(erp=Application()).check(asked, "1", "r")


def test_credentials_that_the_application_refuses_are_an_authentication_error() -> None:
    class Closed(Application):
        def describe(self, entity: str, *, api_version: str | None = None) -> list[dict[str, str]]:
            raise Refused("the token is no longer good")

    with pytest.raises(ConnectorAuthenticationException, match="no longer good"):
        profiles_check(crm=Closed(), erp=Application()).check(from_crm_to_erp(), "1", "r")


def incremental(**pull: str) -> Plan:
    scheduled = {"scheduleExpression": "rate(1days)", "dataPullMode": "Incremental"}
    source: dict[str, Any] = from_records() | {"incrementalPullConfig": pull}
    trigger = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": scheduled}}
    return plan(flow(PROJECTION, MAP_ALL, source=source) | {"triggerConfig": trigger})


def test_an_incremental_flow_needs_a_field_to_go_by_that_the_entity_has() -> None:
    crm = Application()
    check = profiles_check(crm=crm)
    with pytest.raises(ValidationException, match=r"^Source Validation Error: A window of time is to be read"):
        check.check(incremental(), "1", "r")
    with pytest.raises(ValidationException, match="The source has no field changed"):
        check.check(incremental(datetimeTypeFieldName="changed"), "1", "r")

    crm.fields = [{"identifier": "changed"}]
    check.check(incremental(datetimeTypeFieldName="changed"), "1", "r")


def test_an_incremental_flow_from_a_source_that_keeps_its_place_needs_no_field() -> None:
    crm = Application()
    crm.is_place_kept = True
    profiles_check(crm=crm).check(incremental(), "1", "r")


class Posting:
    """Every profile is one of the webhook."""

    def open(self, account: str, region: str, profile_name: str, connector_type: str | None = None) -> Webhook:
        given = Credentials("CustomAuth", {})
        return Webhook(Connection(account, region, profile_name, "CustomConnector", "Webhook", {}, given, "arn"))


def started_by(trigger_type: str, connections: Connections) -> None:
    objects: Registry = Connectors(Objects())  # pyright: ignore[reportAssignmentType]
    source = from_records()
    source["sourceConnectorProperties"]["CustomConnector"].pop("customProperties", None)
    asked = flow(MAP_ALL, source=source) | {"triggerConfig": {"triggerType": trigger_type}}
    SourceCheck(objects, connections).check(plan(asked), "1", "r")


def test_events_start_flows_from_the_webhook_and_nothing_else_does() -> None:
    started_by("Event", Posting())
    with pytest.raises(ValidationException, match="OnDemand is not supported by the connector of the profile crm"):
        started_by("OnDemand", Posting())


def test_events_do_not_start_flows_from_connectors_without_any() -> None:
    started_by("OnDemand", Profiles(crm=Application()))
    with pytest.raises(ValidationException, match="name a profile of the connector Webhook"):
        started_by("Event", Profiles(crm=Application()))
