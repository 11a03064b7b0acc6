"""How calls begin, change and end the schedule of a flow; the next tick is looked up in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headrace.clock import from_ms
from headrace.store import schedules
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import ON_DEMAND, START, Calls, Json, flow

# The first whole second after the calls.
SOON = START.replace(microsecond=0) + timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def every(expression: str = "rate(5minutes)", **members: Any) -> Json:
    return {
        "triggerType": "Scheduled",
        "triggerProperties": {"Scheduled": {"scheduleExpression": expression, **members}},
    }


def next_tick(call: Calls) -> datetime | None:
    found = call.store.read(schedules.earliest_ms).result(timeout=PATIENCE_S)
    return None if found is None else from_ms(found)


def started(call: Calls, trigger: Json) -> datetime | None:
    call("CreateFlow", flow(triggerConfig=trigger))
    assert next_tick(call) is None
    call("StartFlow", flowName="orders")
    return next_tick(call)


def updated(call: Calls, trigger: Json, **members: Any) -> datetime | None:
    call("UpdateFlow", flow(triggerConfig=trigger, **members))
    return next_tick(call)


def test_an_activated_flow_fires_at_once_where_it_says_no_start(call: Calls) -> None:
    assert started(call, every()) == SOON


def test_an_activated_flow_fires_at_its_start(call: Calls) -> None:
    begin = int(START.timestamp()) + 3600
    assert started(call, every(scheduleStartTime=begin)) == datetime.fromtimestamp(begin, UTC)


def test_a_cron_expression_is_read_in_utc_whatever_the_time_zone_says(call: Calls) -> None:
    trigger = every("cron(30 4 * * ? *)", timezone="America/New_York")
    assert started(call, trigger) == START.replace(hour=4, minute=30, second=0, microsecond=0)


def test_a_schedule_that_is_over_never_fires(call: Calls) -> None:
    assert started(call, every("at(2020-01-01T00:00:00)")) is None
    assert call.describe()["flowStatus"] == "Active"


def test_starting_an_active_flow_again_changes_nothing(call: Calls) -> None:
    started(call, every("rate(1days)"))
    call.clock.turn(MINUTE)
    call("StartFlow", flowName="orders")
    assert next_tick(call) == SOON


def test_a_stopped_flow_has_no_tick_and_starts_on_a_new_grid(call: Calls) -> None:
    started(call, every())
    call("StopFlow", flowName="orders")
    assert next_tick(call) is None
    call.clock.turn(MINUTE)
    call("StartFlow", flowName="orders")
    assert next_tick(call) == SOON + MINUTE


def test_a_deleted_flow_has_no_tick(call: Calls) -> None:
    started(call, every())
    call("DeleteFlow", flowName="orders", forceDelete=True)
    assert next_tick(call) is None


def test_an_update_of_the_tasks_alone_keeps_even_a_tick_that_has_come(call: Calls) -> None:
    started(call, every())
    call.clock.turn(MINUTE)
    assert updated(call, every(scheduleOffset=60), description="changed") == SOON


def test_a_new_rate_goes_on_from_the_activation(call: Calls) -> None:
    started(call, every())
    call.clock.turn(12 * MINUTE)
    assert updated(call, every("rate(10minutes)")) == SOON + 20 * MINUTE


@pytest.mark.parametrize("earlier, later", [(None, 7200), (7200, 10_800)])
def test_a_new_start_is_a_new_grid(call: Calls, earlier: int | None, later: int) -> None:
    base = int(START.timestamp())
    before: dict[str, Any] = {} if earlier is None else {"scheduleStartTime": base + earlier}
    started(call, every(**before))
    assert updated(call, every(scheduleStartTime=base + later)) == datetime.fromtimestamp(base + later, UTC)


def test_a_start_that_is_taken_back_is_now(call: Calls) -> None:
    started(call, every(scheduleStartTime=int(START.timestamp()) + 7200))
    assert updated(call, every()) == SOON


def test_an_update_does_not_activate_a_flow(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=every()))
    assert updated(call, every("rate(1days)")) is None
    assert call.describe()["flowStatus"] == "Draft"


def test_a_flow_that_becomes_on_demand_has_no_tick_and_comes_back_as_a_draft(call: Calls) -> None:
    started(call, every())
    assert updated(call, ON_DEMAND) is None
    assert updated(call, every()) is None
    assert call.describe()["flowStatus"] == "Draft"
