"""`make demo` shows a whole flow, and what it says is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from examples.demo import RECORDS
from tests.standins.processes import PATIENCE_S, plain_environment

ROOT = Path(__file__).parents[2]


def test_the_demo_runs_and_its_numbers_are_those_of_its_data(tmp_path: Path) -> None:
    environment = plain_environment(HOME=str(tmp_path), TMPDIR=str(tmp_path), COLUMNS="120")
    command = [sys.executable, "examples/demo.py"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Successful" in done.stdout
    found = re.search(r"([\d,]+) records read, ([\d,]+) written, ([\d,]+) rejected", done.stdout)
    assert found
    read, written, rejected = (int(number.replace(",", "")) for number in found.groups())
    # Fixed by the seed: of the orders that are paid for and have an e-mail, 234 have a quantity that is none.
    assert (read, written, rejected) == (RECORDS, 89_938 - 234, 234)
    assert re.search(r"quantity.*(two|1O|a dozen)", done.stdout)
    assert "************" in done.stdout
    [data] = tmp_path.glob("headrace-demo-*")
    assert f"serve --data {data}" in done.stdout
