"""`headrace doctor`: what it finds, what it calls a fault, and what it never shows."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from headrace.cli import examining
from headrace.cli.main import run
from headrace.connector_sdk.registry import GROUP
from headrace.settings import Settings
from headrace.store.store import Store
from headrace.testing import running
from tests.standins.postgres import Postgres
from tests.standins.processes import free_ports


@pytest.fixture(name="port", autouse=True)
def a_free_port(monkeypatch: pytest.MonkeyPatch) -> int:
    (port,) = free_ports(1)
    monkeypatch.setenv("HEADRACE_PORT", str(port))
    return port


def page(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = run(["doctor", "--data", str(data), "--output", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def faults(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["about"], each["said"]) for each in found if each["state"] == "fault"]


def test_a_machine_where_nothing_is_off_is_told_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = page(capsys, tmp_path / "data")
    assert (code, faults(found)) == (0, [])
    assert not (tmp_path / "data").exists()
    assert {"headrace", "libraries", "data folder", "SQLite", "key", "buckets", "connectors", "address"} <= {
        each["about"] for each in found
    }


def test_the_page_for_people_marks_what_matters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["doctor", "--data", str(tmp_path / "data")]) == 0
    said = capsys.readouterr().out
    assert all(line[:2] in {"  ", "! ", "x "} for line in said.splitlines())


def test_settings_are_shown_and_secrets_are_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_THREADS", "3")
    for name, value in {
        "HEADRACE_KEY": "planted-key",
        "HEADRACE_METRICS_TOKEN": "planted-0123456789",
        "HEADRACE_NOTIFY": "https://hooks.example/planted",
        "HEADRACE_CONNECTOR_URLS": "Slack=https://me:planted@slack.example",
        "AWS_SECRET_ACCESS_KEY": "planted",
        "AWS_ENDPOINT_URL_EVENTS": "",
    }.items():
        monkeypatch.setenv(name, value)
    _, found = page(capsys, tmp_path / "data")
    assert "planted" not in json.dumps(found)
    assert {"about": "HEADRACE_THREADS", "state": "ok", "said": "3"} in found
    assert {"about": "HEADRACE_KEY", "state": "ok", "said": "set, not shown"} in found


def test_settings_that_can_not_be_used_are_the_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_THREADS", "many")
    monkeypatch.setenv("HEADRACE_LEASE", "1")
    code, found = page(capsys, tmp_path)
    assert (code, [about for about, _ in faults(found)]) == (1, ["settings", "settings"])


def test_a_taken_port_and_an_open_address_are_faults(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    with closing(socket.create_server(("127.0.0.1", port))):
        code, found = page(capsys, tmp_path / "data")
        assert (code, "another program listens there" in faults(found)[0][1]) == (1, True)
    monkeypatch.setenv("HEADRACE_HOST", "0.0.0.0")
    code, found = page(capsys, tmp_path / "data")
    assert (code, "HEADRACE_AUTH=sigv4" in faults(found)[0][1]) == (1, True)


def test_an_endpoint_that_is_not_there_is_a_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nobody,) = free_ports(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{nobody}")
    monkeypatch.setenv("HEADRACE_BUCKETS", f"lake=file://{tmp_path}/absent")
    code, found = page(capsys, tmp_path / "data")
    assert (code, [about for about, _ in faults(found)]) == (1, ["buckets", "endpoint"])


def test_a_store_that_is_stopped_has_its_schema_looked_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    (tmp_path / "key").write_text("x")
    (tmp_path / "key").chmod(0o644)
    code, found = page(capsys, tmp_path)
    assert (code, next(each for each in found if each["about"] == "schema")["state"]) == (0, "ok")
    assert [each["state"] for each in found if each["about"] == "key"] == ["note"]
    (tmp_path / "headrace.db").write_bytes(b"no database " * 1000)
    code, found = page(capsys, tmp_path)
    assert (code, [about for about, _ in faults(found)]) == (1, ["schema"])


def test_a_service_that_runs_is_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with running(tmp_path / "data") as service:
        code, found = page(capsys, tmp_path / "data")
        assert (code, faults(found)) == (0, [])
        assert {"about": "server", "state": "ok", "said": f"headrace answers at {service.url}"} in found


def test_a_database_is_asked_for_its_clock_and_one_that_is_away_is_a_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, postgres_server: Postgres
) -> None:
    code, found = page(capsys, tmp_path / "data", "--database-url", postgres_server.new_database())
    assert (code, faults(found)) == (0, [])
    assert "s apart" in next(each for each in found if each["about"] == "database")["said"]
    (nobody,) = free_ports(1)
    url = f"postgresql://me:planted@127.0.0.1:{nobody}/x"
    code, found = page(capsys, tmp_path / "data", "--database-url", url)
    assert (code, [about for about, _ in faults(found)]) == (1, ["database", "schema"])
    assert "planted" not in json.dumps(found)


def test_a_connector_that_can_not_be_loaded_is_a_fault(tmp_path: Path) -> None:
    entries = [EntryPoint("Broken", "headrace.no_such_module:CONNECTOR", GROUP)]
    found = list(examining.connectors(Settings(data=tmp_path), entries))
    assert [(each.state, "Broken" in each.said) for each in found] == [("ok", False), ("fault", True)]
