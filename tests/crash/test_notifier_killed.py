"""SIGKILL at every moment of a delivery: every report comes, in order, one perhaps twice and then under its own id."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headrace.clock import HandClock, to_ms
from headrace.log import silent
from headrace.runner.notifier import Rounds
from headrace.runner.receivers import FileReceiver
from headrace.store import outbox
from headrace.store.store import Store
from tests.crash.forks import Forks, Tell
from tests.crash.moments import Moments, WatchedStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = ["1", "2", "3"]


def receiver_in(folder: Path) -> FileReceiver:
    return FileReceiver((folder / "data" / "told.jsonl").as_uri())


def deliver(folder: Path, moments: Moments, tell: Tell) -> None:
    receiver = receiver_in(folder)
    store = Store.open(folder / "data", reports_to=(receiver.key,))
    watched: Any = WatchedStore(store, moments)
    assert Rounds(watched, HandClock(NOW), receiver, silent(), lambda _: 0.0).deliver_all()
    store.close()


def reporting(folder: Path) -> Path:
    store = Store.open(folder / "data", reports_to=(receiver_in(folder).key,))
    for name in NAMES:
        store.write(lambda tx, name=name: outbox.put(tx, "a flow", {"id": name}, now_ms=to_ms(NOW))).result()
    store.close()
    return folder


def told(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / "data" / "told.jsonl").read_text().splitlines()]


def test_a_delivery_that_is_killed_goes_on_with_the_same_ids(tmp_path: Path) -> None:
    forks = Forks()
    whole = forks.play(deliver, reporting(tmp_path / "whole"))
    assert (whole.code, told(tmp_path / "whole")) == (0, NAMES)
    assert any("commit" in moment for moment in whole.moments)

    for at in range(1, len(whole.moments) + 1):
        folder = reporting(tmp_path / str(at))
        assert forks.play(deliver, folder, at).code == -signal.SIGKILL
        assert forks.play(deliver, folder).code == 0
        heard = told(folder)
        assert list(dict.fromkeys(heard)) == NAMES, whole.moments[at - 1]
        assert len(heard) <= len(NAMES) + 1, whole.moments[at - 1]
