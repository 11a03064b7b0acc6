"""What a split costs in processor time beside DuckDB's plain COPY: half as much again is noticed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.sources import ROOT

# Measured on a quiet machine and on a busy one: 1.10 to 1.15, 1.03 to 1.06, 1.18 to 1.23.
BOUNDS = {"csv to PARQUET": 1.5, "json to JSON": 1.4, "parquet to PARQUET": 1.6}
# A bound that is not kept is measured again: what else runs here may have come between once.
TRIES = 3


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_split_costs_little_more_than_duckdbs_own_copy_of_the_same_select():
    found: list[dict[str, float]] = []
    while len(found) < TRIES and not any(is_kept(each) for each in found):
        found.append(measured())
    assert any(is_kept(each) for each in found), f"times plain COPY: {found}; at most {BOUNDS}"


def is_kept(ratios: dict[str, float]) -> bool:
    assert ratios.keys() == BOUNDS.keys()
    return all(ratio <= BOUNDS[pair] for pair, ratio in ratios.items())


def measured() -> dict[str, float]:
    """In a process of its own, in which nothing else runs."""
    command = [sys.executable, "-m", "bench.pace"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
