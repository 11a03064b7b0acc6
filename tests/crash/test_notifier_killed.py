"""SIGKILL of a delivery: every report comes, in order, one perhaps twice and then under its own id (invariant 9)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.clock import to_ms
from headrace.runner.receivers import FileReceiver
from headrace.store import outbox
from headrace.store.store import Store
from tests.crash.notifier_process import NOW, deliver
from tests.standins.processes import PATIENCE_S, plain_environment

SCRIPT = Path(__file__).with_name("notifier_process.py")
ROOT = Path(__file__).parents[2]
TOLD = {
    "before the mark": ["1", "1", "2", "3"],
    "within the mark": ["1", "1", "2", "3"],
    "after the mark": ["1", "2", "3"],
}


def deliver_and_die(data: Path, file: Path, moment: str) -> None:
    environment = plain_environment()
    environment["PYTHONPATH"] = f"{environment.get('PYTHONPATH', '')}:{ROOT}:{ROOT / 'src'}".strip(":")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(data), str(file), moment],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("moment", TOLD)
def test_a_delivery_that_is_killed_goes_on_with_the_same_ids(moment: str, tmp_path: Path) -> None:
    file = tmp_path / "told.jsonl"
    store = Store.open(tmp_path / "data", reports_to=(FileReceiver(file.as_uri()).key,))
    for name in ("1", "2", "3"):
        store.write(lambda tx, name=name: outbox.put(tx, "a flow", {"id": name}, now_ms=to_ms(NOW))).result()
    store.close()

    deliver_and_die(tmp_path / "data", file, moment)
    assert deliver(tmp_path / "data", file, "never")

    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == TOLD[moment]
