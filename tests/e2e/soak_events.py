"""The flows of the soak that events start: what is sent to them in whatever trouble, and that all of it arrives."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.standins.hooks import WEBHOOK
from tests.standins.one_bucket import NAME
from tests.standins.processes import PATIENCE_S, until
from tests.standins.town import Town, flow

POSTED, TOLD = "posted", "told"
FLOWS = (POSTED, TOLD)
REPORT = "AppFlow Event Flow Report"
RECORDS = 5
# A flow that fails waits up to five minutes before it tries again.
_ARRIVED_S = 300 + 2 * PATIENCE_S
_FROM_WEBHOOK = {
    "connectorType": "CustomConnector",
    "connectorProfileName": "shop",
    "sourceConnectorProperties": {"CustomConnector": {"entityName": "order"}},
}
# Path, body and headers, to any node that answers, until one has taken them.
Send = Callable[[str, bytes, dict[str, str]], None]


@dataclass
class Events:
    """Records that are posted, and objects that are put and told of; each of them has numbers of its own."""

    town: Town
    luck: Random
    send: Send
    sent: Counter[str] = field(default_factory=Counter[str])

    def begin(self) -> None:
        on_events = {"triggerType": "Event"}
        self.town.call("create_connector_profile", **WEBHOOK)
        self.town.call("create_flow", **flow(POSTED, triggerConfig=on_events, sourceFlowConfig=_FROM_WEBHOOK))
        self.town.call("create_flow", **flow(TOLD, triggerConfig=on_events))
        for name in FLOWS:
            self.town.call("start_flow", flowName=name)

    def post_records(self) -> None:
        """A delivery of some records, which may come twice, at once or much later."""
        self._post(self.sent[POSTED])
        self.sent[POSTED] += 1
        if self.luck.random() < 0.3:
            self._post(self.luck.randrange(self.sent[POSTED]))

    def tell_of_object(self) -> None:
        """One more object, told of once or twice."""
        number = self.sent[TOLD]
        self.town.put(TOLD, [_numbers(number)], first=number)
        self.sent[TOLD] += 1
        for _ in range(self.luck.choice([1, 1, 2])):
            self._tell(number)

    def settle(self, settled: Callable[[str], object], stop: Callable[[str], object]) -> None:
        """Wait for all that was sent, then for the ends of the executions."""
        for name in FLOWS:
            until(lambda name=name: len({*self.town.written(name)}) >= self._count(name), timeout_s=_ARRIVED_S)
            stop(name)
            settled(name)

    def check(self, records: Callable[[str], list[dict[str, Any]]]) -> tuple[set[str], dict[str, Any]]:
        """Every record is there once, and the executions have counted each once; their ids, and figures."""
        ids, figures = set[str](), dict[str, Any]()
        for name in FLOWS:
            written, found = Counter(self.town.written(name)), records(name)
            twice = {number: count for number, count in written.items() if count > 1}
            assert ({*written}, twice) == ({*range(self._count(name))}, {}), name
            counted = sum(each["executionResult"].get("recordsProcessed", 0) for each in found)
            assert counted == self._count(name), found
            ends = Counter(each["executionStatus"] for each in found)
            ids |= {each["executionId"] for each in found}
            figures[name] = {"sent": self.sent[name], "records": counted, "twice": len(twice), **ends}
        return ids, figures

    def _post(self, number: int) -> None:
        body = "\n".join(json.dumps({"n": each, "name": f"name {each}"}) for each in _numbers(number))
        self.send(f"webhook/{POSTED}", body.encode(), {"Idempotency-Key": f"delivery {number}"})

    def _tell(self, number: int) -> None:
        entity = {"bucket": {"name": NAME}, "object": {"key": f"{TOLD}/in/{number:03}.csv", "sequencer": f"{number:x}"}}
        told = {"Records": [{"eventName": "ObjectCreated:Put", "s3": entity}]}
        self.send("s3", json.dumps(told).encode(), {})

    def _count(self, name: str) -> int:
        return self.sent[name] * RECORDS


def _numbers(number: int) -> range:
    return range(number * RECORDS, number * RECORDS + RECORDS)
