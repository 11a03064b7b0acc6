from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.connector_lines import KEPT_BYTES, MOST_FILES, ConnectorLines, ExecutionName


def named(execution_id: str, *, account: str = "000000000000", region: str = "us-east-1") -> ExecutionName:
    return ExecutionName(account, region, "orders", execution_id)


@pytest.fixture(name="lines")
def kept_lines(tmp_path: Path) -> ConnectorLines:
    return ConnectorLines(tmp_path, lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_each_execution_has_its_lines(lines: ConnectorLines) -> None:
    lines.add(named("one"), "first")
    lines.add(named("two"), "other")
    lines.add(named("one"), "second")
    assert lines.path(named("one")).read_text() == ("2026-01-02T03:04:05.000Z first\n2026-01-02T03:04:05.000Z second\n")
    assert lines.path(named("two")).read_text().endswith(" other\n")


def test_flows_of_the_same_name_have_folders_of_their_own(lines: ConnectorLines, tmp_path: Path) -> None:
    for account, region in (
        ("000000000000", "us-east-1"),
        ("000000000000", "eu-west-1"),
        ("111122223333", "us-east-1"),
    ):
        lines.add(named("one", account=account, region=region), f"of {account} in {region}")
    found = {str(path.relative_to(tmp_path)): path.read_text().split()[2] for path in tmp_path.rglob("*.log")}
    assert found == {
        "connector-logs/000000000000/us-east-1/orders/one.log": "000000000000",
        "connector-logs/000000000000/eu-west-1/orders/one.log": "000000000000",
        "connector-logs/111122223333/us-east-1/orders/one.log": "111122223333",
    }


def test_a_request_names_its_execution_and_whose_it_is() -> None:
    credentials = {"secretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:appflow!one"}
    context = {"flowName": "orders", "executionId": "one", "credentials": credentials}
    assert ExecutionName.of({"connectorContext": context}) == named("one", account="111122223333", region="eu-west-1")


@pytest.mark.parametrize(
    "request_",
    [
        None,
        {},
        {"connectorContext": {"flowName": None, "executionId": None, "credentials": {"secretArn": "a:b:c:d:e:f"}}},
        {"connectorContext": {"flowName": "orders", "executionId": "one", "credentials": None}},
    ],
)
def test_a_request_may_be_for_no_execution(request_: dict[str, Any] | None) -> None:
    assert ExecutionName.of(request_) is None


def test_what_looks_like_a_secret_is_not_kept(lines: ConnectorLines) -> None:
    lines.add(named("one"), "Authorization: Bearer planted-token password=planted-password")
    assert "planted" not in lines.path(named("one")).read_text()


def test_only_the_last_lines_are_kept_and_each_is_whole(lines: ConnectorLines) -> None:
    for number in range(3000):
        lines.add(named("one"), f"line {number} {'x' * 100}")
    text = lines.path(named("one")).read_text()
    assert KEPT_BYTES - 200 <= len(text) <= 2 * KEPT_BYTES
    numbers = [int(line.split()[2]) for line in text.splitlines()]
    assert numbers == list(range(3000 - len(numbers), 3000))


def test_nobody_else_can_read_them(lines: ConnectorLines, tmp_path: Path) -> None:
    (tmp_path / "connector-logs").mkdir()
    for folder in (tmp_path, tmp_path / "connector-logs"):
        folder.chmod(0o755)
    for number in range(1500):
        lines.add(named("one"), f"line {number} {'x' * 100}")
    found = sorted({oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*") if path.is_file()})
    assert found == ["0o600"]
    assert (tmp_path / "connector-logs").stat().st_mode & 0o777 == 0o700


def test_one_endless_line_is_cut(lines: ConnectorLines) -> None:
    lines.add(named("one"), "x" * 10**6)
    assert len(lines.path(named("one")).read_text()) < 5000


def test_the_oldest_executions_of_a_flow_give_way(lines: ConnectorLines) -> None:
    for number in range(MOST_FILES + 5):
        lines.add(named(f"run-{number:03d}"), "here")
        os.utime(lines.path(named(f"run-{number:03d}")), (number, number))
    kept = sorted(path.stem for path in lines.path(named("any")).parent.iterdir())
    assert kept == [f"run-{number:03d}" for number in range(5, MOST_FILES + 5)]


def test_lines_from_several_threads_are_all_kept(lines: ConnectorLines) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: lines.add(named("one"), str(number)), range(400)))
    found = [int(line.split()[1]) for line in lines.path(named("one")).read_text().splitlines()]
    assert sorted(found) == list(range(400))


def test_a_folder_that_takes_nothing_fails_nobody(tmp_path: Path) -> None:
    (tmp_path / "connector-logs").write_text("in the way")
    lines = ConnectorLines(tmp_path, lambda: datetime(2026, 1, 2, tzinfo=UTC))
    lines.add(named("one"), "first")
    assert not lines.path(named("one")).exists()
