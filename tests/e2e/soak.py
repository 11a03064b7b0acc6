"""Random faults over several nodes, and what must hold in the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic
from typing import Any

import httpx

from tests.e2e.soak_events import REPORT, Events
from tests.standins.faulty import Fault
from tests.standins.one_bucket import NAME
from tests.standins.postgres import Server
from tests.standins.processes import until
from tests.standins.told import Listener
from tests.standins.town import LEASE_S, Town, flow, has_leases

FLOWS = ("orders", "people")
TICKING, DAILY = "ticking", "daily"
FILES = [range(number * 50, number * 50 + 50) for number in range(6)]
EVERY = [record for records in FILES for record in records]
ENDS = ("AppFlow End Flow Run Report", REPORT)
EVERY_MINUTE = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1minutes)", "dataPullMode": "Incremental"}},
}


def ended_of(hook: Listener) -> list[str]:
    """The executions of whose ends the webhook was told."""
    events = [json.loads(told.body)["data"] for told in [*hook.told]]
    return [event["detail"]["execution-id"] for event in events if event["detail-type"] in ENDS]


@dataclass
class Soak:
    """A town under random faults. `started` is the execution of each token, as callers were answered."""

    town: Town
    postgres: Server
    url: str
    luck: Random
    started: dict[str, str] = field(default_factory=dict[str, str])
    flow_of: dict[str, str] = field(default_factory=dict[str, str])
    done: Counter[str] = field(default_factory=Counter[str])
    files: int = 0
    stopped: dict[int, float] = field(default_factory=dict[int, float])

    def __post_init__(self) -> None:
        self.events = Events(self.town, self.luck, self._send)

    def begin(self) -> None:
        self.events.begin()
        for name in FLOWS:
            self.town.put(name, FILES)
            self.town.call("create_flow", **flow(name))
        self.add_file()
        self.town.call("create_flow", **flow(TICKING, triggerConfig=EVERY_MINUTE))
        self.town.call("start_flow", flowName=TICKING)
        self.town.put(DAILY, FILES)
        self.town.call("create_flow", **flow(DAILY))

    def go_on(self, seconds: float) -> None:
        """Do one thing after the other for so long."""
        end, pause = monotonic() + seconds, Event()
        while monotonic() < end:
            act = self.luck.choices(*zip(*self._acts, strict=True))[0]
            act()
            self.done[act.__name__] += 1
            self.wake(monotonic())
            pause.wait(self.luck.random())

    @property
    def _acts(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self.start_run, 12),
            (self.start_again, 3),
            (self.cancel_run, 2),
            (self.add_file, 3),
            (self.events.post_records, 4),
            (self.events.tell_of_object, 3),
            (self.begin_backfill, 1),
            (self.stop_node, 2),
            (self.kill_node, 2),
            (self.restart_node, 1),
            (self.restart_postgresql, 1),
            (self.upset_objects, 2),
        ]

    # --- what callers do -------------------------------------------------------------------

    def start_run(self) -> None:
        token, name = f"token {len(self.started)}", self.luck.choice(FLOWS)
        self.flow_of[token] = name
        self.started[token] = self._asked("start_flow", flowName=name, clientToken=token)["executionId"]

    def start_again(self) -> None:
        """A caller who did not hear the answer asks again."""
        if self.started:
            token = self.luck.choice([*self.started])
            again = self._asked("start_flow", flowName=self.flow_of[token], clientToken=token)["executionId"]
            assert again == self.started[token], f"{token} started two runs"

    def cancel_run(self) -> None:
        """Cancel a run that has just begun, and whose files come slowly."""
        before, self.town.proxy.rule = self.town.proxy.rule, lambda method, _: "slow" if method == "GET" else "pass"
        self.start_run()
        token, execution_id = [*self.started.items()][-1]
        begun = f"SELECT 1 FROM executions WHERE execution_id = '{execution_id}' AND attempt > 0"
        until(lambda: self.postgres.postgres.run(begun, self.url.rpartition("/")[2]))
        self._asked("cancel_flow_executions", flowName=self.flow_of[token], executionIds=[execution_id])
        self.town.proxy.rule = before

    def add_file(self) -> None:
        """One more file of ten records for the flow that reads what is new."""
        self.town.put(TICKING, [range(self.files * 10, self.files * 10 + 10)], first=self.files)
        self.files += 1

    def begin_backfill(self) -> None:
        """Of two days, the last of which has all files, unless one is under way."""
        now = datetime.now(UTC)
        span = {"from": (now - timedelta(days=2)).timestamp(), "to": now.timestamp(), "every": "1d"}
        asked = span | {"clientToken": f"backfill {self.done['begin_backfill']}"}
        self._extension("POST", f"flows/{DAILY}/backfills", asked)

    # --- faults ----------------------------------------------------------------------------

    def stop_node(self) -> None:
        node = self.luck.randrange(len(self.town.nodes))
        # One of them always goes on.
        if not self.stopped:
            self.town.stop(node)
            self.stopped[node] = monotonic() + self.luck.uniform(0.5, 3 * LEASE_S)

    def kill_node(self) -> None:
        node = self._one_that_runs()
        self.town.nodes[node].kill()
        self._up(node)

    def restart_node(self) -> None:
        node = self._one_that_runs()
        self.town.nodes[node].terminate()
        self._up(node)

    def restart_postgresql(self) -> None:
        self.postgres.stop(self.luck.choice(["fast", "immediate"]))
        self.postgres.start()

    def upset_objects(self) -> None:
        """Let the S3 server fail now and then until the next time."""
        share, faults, luck = self.luck.choice([0.0, 0.02, 0.1]), list[Fault](["error", "cut", "slow"]), self.luck
        self.town.proxy.rule = lambda _method, _path: luck.choice(faults) if luck.random() < share else "pass"

    def wake(self, now: float) -> None:
        for node, at in [*self.stopped.items()]:
            if now >= at:
                self.town.go_on(node)
                del self.stopped[node]

    # --- the end ---------------------------------------------------------------------------

    def calm_down(self) -> None:
        """All faults end; every run does too."""
        self.town.proxy.rule = lambda _method, _path: "pass"
        self.wake(float("inf"))
        self._asked("stop_flow", flowName=TICKING)
        self.events.settle(
            lambda name: self.town.settled(name, self._order()), lambda name: self._asked("stop_flow", flowName=name)
        )
        for name in (*FLOWS, TICKING):
            self.town.settled(name, self._order())
        until(lambda: all("finishedAt" in each for each in self._backfills()))

    def check(self, hook: Listener) -> dict[str, Any]:
        """Raise AssertionError where anything is other than it must be; figures."""
        counts: Counter[str] = Counter()
        for name in FLOWS:
            found = self.town.records(name, self._order())
            asked = {execution_id for token, execution_id in self.started.items() if self.flow_of[token] == name}
            assert sorted(each["executionId"] for each in found) == sorted(asked)
            written = self.town.written_by_each(name)
            for each in found:
                _check_run(each, written.pop(each["executionId"], []))
                counts[each["executionStatus"]] += 1
            assert written == {}, "objects of runs that nobody knows"
        ticks = self._check_ticks()
        backfills, slices = self._backfills(), self._check_slices()
        of_events, events = self.events.check(lambda name: self.town.records(name, self._order()))
        ids = {*self.started.values()} | {each["executionId"] for each in (*ticks, *slices)} | of_events
        until(lambda: {*ended_of(hook)} >= ids)
        self._check_told([json.loads(told.body)["data"] for told in hook.told], ids)
        assert not has_leases(self.postgres.postgres, self.url)
        assert until(lambda: not self.town.staged())
        ends = Counter(each["status"] for each in backfills)
        figures = {"runs": dict(counts), "ticks": len(ticks), "files": self.files, "backfills": dict(ends)}
        return figures | {"slices": len(slices), "events": events, "acts": dict(self.done)}

    def _check_slices(self) -> list[dict[str, Any]]:
        """A successful backfill has written each record once, and what none knows of is not there."""
        slices, written = self.town.records(DAILY, self._order()), self.town.written_by_each(DAILY)
        assert {*written} <= {each["executionId"] for each in slices}
        assert all(len(records) == len({*records}) for records in written.values())
        done = [each for each in self._backfills() if each["status"] == "Successful"]
        assert all(each["counts"]["written"] == len(EVERY) for each in done), done
        successful = [each["executionId"] for each in slices if each["executionStatus"] == "Successful"]
        assert all(written.get(each, EVERY) == EVERY for each in successful)
        assert len([each for each in successful if each in written]) >= len(done)
        return slices

    def _backfills(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._extension("GET", f"flows/{DAILY}/backfills?maxResults=100")["backfills"]
        return found

    def _check_ticks(self) -> list[dict[str, Any]]:
        """Windows of successful runs lie end to end; each file within them was written once, all others never."""
        ticks = self.town.records(TICKING, self._order())
        done = [each for each in reversed(ticks) if each["executionStatus"] == "Successful"]
        windows = [(each["dataPullStartTime"], each["dataPullEndTime"]) for each in done]
        assert all(one[1] == other[0] for one, other in pairwise(windows)), windows
        assert len({each["dataPullEndTime"] for each in ticks}) == len(ticks)
        listed = self._listed()
        covered = {int(Path(key).stem) for key, at in listed.items() if windows and at < windows[-1][1]}
        wanted = sorted(number for file in covered for number in range(file * 10, file * 10 + 10))
        written = self.town.written_by_each(TICKING)
        assert sorted(number for each in done for number in written.get(each["executionId"], [])) == wanted
        return ticks

    def _listed(self) -> dict[str, datetime]:
        client: Any = self.town.objects._client
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=NAME, Prefix=f"{TICKING}/in/")
        return {item["Key"]: item["LastModified"] for page in pages for item in page.get("Contents", ())}

    def _check_told(self, events: list[dict[str, Any]], ids: set[str]) -> None:
        """Of each run its end was told, perhaps more than once, and nothing of runs that nobody knows."""
        heard = {(each["detail"]["execution-id"], each["detail-type"]) for each in events}
        assert {execution_id for execution_id, what in heard if what in ENDS} == ids
        assert {execution_id for execution_id, _ in heard} == ids

    # --- how -------------------------------------------------------------------------------

    def _asked(self, name: str, **members: Any) -> dict[str, Any]:
        self.wake(monotonic())
        return self.town.call_any(name, self._order(), **members)

    def _extension(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the extension API answers; {} where a backfill is under way already."""
        answer = self._answered(method, path, lambda status: status < 500, json=body)
        assert answer.is_success or answer.status_code == 409, answer.text
        return answer.json() if answer.is_success else {}

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Send again whatever is not taken, as docs/events.md asks of senders."""
        self._answered("POST", f"events/{path}", lambda status: status < 300, content=body, headers=headers)

    def _answered(self, method: str, path: str, is_final: Callable[[int], bool], **sent: Any) -> httpx.Response:
        """The final answer of whichever node gives one."""

        def ask() -> list[httpx.Response] | None:
            self.wake(monotonic())
            for node in self._order():
                with suppress(httpx.TransportError):
                    answer = httpx.request(method, f"{self.town.nodes[node].url}/headrace/v1/{path}", **sent)
                    if is_final(answer.status_code):
                        return [answer]
            return None

        # In a list, as an answer that says no is false.
        return until(ask)[0]

    def _order(self) -> list[int]:
        """The nodes that answer, in any order."""
        running = [node for node in self.town.answering if node not in self.stopped]
        self.luck.shuffle(running)
        return running

    def _one_that_runs(self) -> int:
        return self.luck.choice([node for node in range(len(self.town.nodes)) if node not in self.stopped])

    def _up(self, node: int) -> None:
        """Start it again; a PostgreSQL that is not there makes it end."""

        def is_up() -> bool:
            with suppress(AssertionError):
                self.town.nodes[node].restart()
                return True
            return False

        until(is_up)


def _check_run(record: dict[str, Any], written: list[int]) -> None:
    if record["executionStatus"] == "Successful":
        assert written == EVERY, record
        assert record["executionResult"]["recordsProcessed"] == len(EVERY), record
    else:
        # What failed for an object store that failed too often may have put some, and says so.
        message = record["executionResult"].get("errorInfo", {}).get("executionMessage", "")
        assert written == [] or "may have been written" in message, record
        assert len(written) == len({*written}), record
