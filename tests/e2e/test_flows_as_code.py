"""Flows as code, as people work with them: a terminal that asks, connectors with profiles and flows, and back."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.cli.main import DONE, RUN_FAILED, run
from headrace.testing import running
from tests.e2e import custom
from tests.standins.processes import PATIENCE_S
from tests.unit.cli.documents import flow_document


def on_a_terminal(words: list[str], typed: str, url: str) -> tuple[int, str]:
    """What a command of headrace ends with, and everything that it shows on a terminal."""
    master, slave = pty.openpty()
    environment = {**os.environ, "AWS_ENDPOINT_URL_APPFLOW": url, "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "headrace", *words]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    os.write(master, typed.encode())
    shown = bytearray()
    while piece := _piece(master):
        shown += piece
    os.close(master)
    return process.wait(PATIENCE_S), shown.decode()


def _piece(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:
        # The end of a terminal, as Linux tells it.
        return b""


def test_a_terminal_is_asked_and_shows_the_run(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps(flow_document()))
    with running(tmp_path / "data") as service:
        service.put_object("raw", "in/people.csv", "id,name\n1,Ada\n2,Grace\n")
        code, shown = on_a_terminal(["apply", str(file)], "n\n", service.url)
        assert (code, "Do it? [y/N]" in shown, "Nothing was done." in shown) == (RUN_FAILED, True, True)
        assert list(service.client.list_flows().items()) == []
        code, shown = on_a_terminal(["apply", str(file)], "y\n", service.url)
        assert (code, "Created flow people." in shown) == (DONE, True)
        code, shown = on_a_terminal(["start", "people", "--wait"], "", service.url)
        assert (code, "Successful" in shown) == (DONE, True)
        assert [run.records for run in service.runs("people")] == [[{"id": "1", "name": "Ada"}]]


def test_a_connector_with_its_profile_and_its_flow_goes_to_files_and_to_another_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    documents = {
        "a-flow": custom.from_connector("read", "shop", "stock", "id", "name"),
        "b-profile": custom.profile("shop", "Stock", custom.BASIC, count="5"),
        "c-connector": custom.registration("Stock"),
    }
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    with running(tmp_path / "one") as first, running(tmp_path / "two") as second:
        for service in (first, second):
            custom.host(service, "stock_connector:handle")
        assert run(["apply", str(folder), "--yes", "--url", first.url]) == DONE, capsys.readouterr().err
        created = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Created")]
        assert created == ["Created connector Stock.", "Created connector profile shop.", "Created flow read."]
        assert run(["apply", str(folder), "--url", first.url]) == DONE
        assert len(first.run("read").records) == 5

        assert run(["export", str(tmp_path / "out"), "--url", first.url]) == DONE
        assert "To apply them, set SHOP_PASSWORD, SHOP_USERNAME." in capsys.readouterr().err
        monkeypatch.setenv("SHOP_USERNAME", "ann")
        monkeypatch.setenv("SHOP_PASSWORD", "planted-password")
        assert run(["apply", str(tmp_path / "out"), "--yes", "--url", second.url]) == DONE, capsys.readouterr().err
        assert second.run("read").records == first.run("read").records
        assert run(["diff", str(folder), "--exit-code", "--url", second.url]) == DONE
