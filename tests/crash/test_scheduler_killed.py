"""SIGKILL of a scheduler at each moment of its transaction: the tick fires once (invariants 6 and 9)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import from_ms, to_ms
from headrace.operations import schedules as operations
from headrace.store import executions, flows, schedules
from headrace.store.store import Store
from tests.crash.scheduler_process import NOW, look
from tests.standins.processes import PATIENCE_S, plain_environment

SCRIPT = Path(__file__).with_name("scheduler_process.py")
ROOT = Path(__file__).parents[2]
MOMENTS = ("before the work", "between the work and the commit", "after the commit")
DOCUMENT: dict[str, Any] = {
    "flowName": "orders",
    "triggerConfig": {
        "triggerType": "Scheduled",
        "triggerProperties": {
            "Scheduled": {"scheduleExpression": "rate(5minutes)", "dataPullMode": "Incremental"},
        },
    },
}


def activate(tx: Any) -> None:
    activated_ms = to_ms(NOW) - 1
    flows.insert(
        tx,
        flow_id="f",
        account="1",
        region="r",
        name="orders",
        arn="arn",
        trigger_type="Scheduled",
        failure_threshold=None,
        status="Draft",
        kms_arn=None,
        document=DOCUMENT,
        by="me",
        now_ms=activated_ms,
    )
    flow = flows.get(tx, "1", "r", "orders")
    assert flow is not None
    operations.activate(tx, flow, activated_ms)


def look_and_die(data: Path, moment: str, after_s: int) -> None:
    environment = plain_environment()
    environment["PYTHONPATH"] = f"{environment.get('PYTHONPATH', '')}:{ROOT}:{ROOT / 'src'}".strip(":")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(data), moment, str(after_s)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_scheduler_that_is_killed_queues_a_tick_once(moment: str, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.write(activate).result()
    store.close()

    look_and_die(tmp_path, moment, after_s=0)
    later = look(tmp_path, "never", NOW + timedelta(seconds=7))

    store = Store.open(tmp_path)
    (execution,) = store.read(lambda tx: executions.page(tx, "f", before_sequence=None, limit=9)).result()
    next_ms = store.read(schedules.earliest_ms).result()
    store.close()
    assert bool(later) == (moment != "after the commit")
    assert (execution.window_to_ms, execution.trigger) == (to_ms(NOW), "scheduled")
    assert next_ms is not None
    assert from_ms(next_ms) == NOW + timedelta(minutes=5)
