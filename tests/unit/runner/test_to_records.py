"""A destination that takes batches of records: what it is sent, what it refuses, where it goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.records import Batch, Rejection
from headrace.engine.tasks import DESTINATION
from headrace.errors import Retry, Stop
from headrace.model.states import State
from headrace.runner.batches import BATCH_BYTES
from headrace.runner.worker import Worker
from headrace.store import deliveries
from headrace.store.deliveries import Delivered
from tests.standins.application import Application, from_records, to_records
from tests.unit.runner.record_runs import (
    MAP_ALL,
    PROJECTION,
    Runs,
    flow,
    let_go_once_told,
    numbered,
    runs,
    taken_over,
    texts,
)
from tests.unit.runner.rig import expire, wait_for


@pytest.fixture
def made(tmp_path: Path) -> Generator[Runs]:
    with runs(tmp_path) as started:
        yield started


def odd_ids(record: dict[str, Any]) -> str | None:
    return f"{record['id']} is odd" if record["id"] % 2 else None


def test_every_record_is_sent_in_batches(made: Runs) -> None:
    made.put(*numbered(5))

    execution = made.to_erp()

    assert execution.state is State.DONE, execution.message
    assert [len(batch.records) for batch in made.erp.batches] == [2, 2, 1]
    assert made.erp.records == [{"id": number} for number in range(5)]
    counts = made.rig.counts()
    assert (counts.records_read, counts.records_written, counts.records_rejected) == (5, 5, 0)
    assert counts.bytes_written == 5 * len('{"id":0}\n')
    assert made.rig.left_over() == []
    assert made.kept() == []


def test_a_batch_says_what_the_flow_asks_for(made: Runs) -> None:
    made.put(*numbered(1))

    made.to_erp(writeOperationType="UPSERT", idFieldNames=["id"], customProperties={"mode": "quick"})

    (batch,) = made.erp.batches
    assert (batch.entity, batch.operation, batch.id_fields) == ("order", "UPSERT", ("id",))
    assert (batch.settings, batch.api_version, batch.all_or_none) == ({"mode": "quick"}, "v2", False)
    assert (batch.flow_name, batch.execution_id) == ("orders", "e1")


def test_values_are_of_the_types_that_the_maps_name(made: Runs) -> None:
    maps = [
        {
            "taskType": "Map",
            "sourceFields": [name],
            "destinationField": name,
            "taskProperties": {"DESTINATION_DATA_TYPE": type_},
        }
        for name, type_ in {"n": "integer", "x": "double", "at": "datetime", "ok": "boolean", "s": "string"}.items()
    ]
    made.put(*texts([{"n": "7", "x": "1.5", "at": "2026-01-02", "ok": "true", "s": 7}, {"n": "seven"}]))

    execution = made.run(flow(*maps, destination=to_records()))

    assert execution.state is State.DONE, execution.message
    assert made.erp.records == [{"n": 7, "x": 1.5, "at": "2026-01-02T00:00:00Z", "ok": True, "s": 7}]
    assert [reject["error"] for reject in made.kept()] == ["Field 'n' can't be read as integer: \"seven\""]


def test_records_that_the_destination_refuses_are_kept_with_its_reason(made: Runs) -> None:
    made.put(*numbered(5))
    made.erp.refuse = odd_ids

    execution = made.to_erp()

    assert execution.state is State.DONE
    assert "2 of 5 records were rejected" in str(execution.message)
    assert made.erp.records == [{"id": 0}, {"id": 2}, {"id": 4}]
    assert made.kept() == [
        {"record": {"id": 1}, "source": {"id": 1}, "error": "1 is odd", "recordNumber": 2},
        {"record": {"id": 3}, "source": {"id": 3}, "error": "3 is odd", "recordNumber": 4},
    ]
    counts = made.rig.counts()
    assert (counts.records_read, counts.records_written, counts.records_rejected) == (5, 3, 2)
    assert counts.rejected == {DESTINATION: 2}
    assert counts.bytes_written == 3 * len('{"id":0}\n')
    assert counts.balanced


def test_refused_records_go_to_the_bucket_that_the_flow_names_beside_the_engines_rejects(made: Runs) -> None:
    made.put(*numbered(2), "broken")
    made.erp.refuse = odd_ids

    made.to_erp(errorHandlingConfig={"bucketName": "errors", "bucketPrefix": "why"})

    errors = made.rig.objects.output("errors")
    assert sorted(errors) == ["why/orders/e1/1.json", "why/orders/e1/2.json"]
    assert json.loads(errors["why/orders/e1/2.json"])["error"] == "1 is odd"
    assert made.kept() == []


def test_a_bucket_for_errors_that_is_not_there_is_known_before_anything_is_sent(made: Runs) -> None:
    made.put(*numbered(2), "broken")

    def fail(bucket: str) -> None:
        raise Stop(f"no bucket {bucket}")

    made.rig.objects.on_publish = fail

    execution = made.to_erp(errorHandlingConfig={"bucketName": "errors"})

    assert execution.state is State.FAILED
    assert "no bucket errors" in str(execution.message)
    assert made.erp.batches == []


def test_all_records_refused_is_a_failure(made: Runs) -> None:
    made.put(*numbered(3))
    made.erp.refuse = lambda record: "never"

    execution = made.to_erp()

    assert execution.state is State.FAILED
    assert "All 3 records" in str(execution.message)
    assert len(made.kept()) == 3
    assert made.rig.counts().bytes_written == 0


def test_a_flow_may_fail_on_the_first_record_that_the_destination_refuses(made: Runs) -> None:
    made.put(*numbered(7))
    made.erp.refuse = lambda record: "not this one" if record["id"] == 3 else None

    execution = made.to_erp(errorHandlingConfig={"failOnFirstDestinationError": True})

    assert execution.state is State.FAILED
    assert "failOnFirstDestinationError" in str(execution.message)
    assert "At least 3 of 7 records had been written before" in str(execution.message)
    assert [len(batch.records) for batch in made.erp.batches] == [2, 2]
    assert [reject["record"] for reject in made.kept()] == [{"id": 3}]
    assert made.rig.counts().bytes_written == 3 * len('{"id":0}\n')


def test_a_batch_that_fails_is_sent_again_under_the_same_key(made: Runs) -> None:
    made.put(*numbered(3))
    failures = iter([Retry("slow down", after_s=2)])

    def fail(batch: Batch) -> None:
        if error := next(failures, None):
            raise error

    made.erp.after_batch = fail

    assert made.to_erp().state is State.DONE
    first, again, last = made.erp.batches
    assert first == again
    assert first.key != last.key
    assert made.rig.waited_s == [2]
    assert made.erp.records == [{"id": number} for number in range(3)]


def test_a_destination_that_stops_half_way_says_how_far_it_got(made: Runs) -> None:
    made.put(*numbered(5))
    made.erp.refuse = odd_ids

    def fail(batch: Batch) -> None:
        if len(made.erp.batches) == 3:
            raise Stop("the quota is used up")

    made.erp.on_batch = fail

    execution = made.to_erp()

    assert execution.state is State.FAILED
    assert execution.message == "the quota is used up. At least 2 of 5 records had been written before"
    assert [reject["record"]["id"] for reject in made.kept()] == [1, 3]
    assert made.rig.left_over() == []


@pytest.mark.parametrize("place", [-1, 2])
def test_a_destination_that_refuses_what_it_was_not_given_ends_the_execution(made: Runs, place: int) -> None:
    class Liar(Application):
        def write(self, batch: Batch) -> Sequence[Rejection]:
            return [Rejection(place, "no")]

    made.put(*numbered(2))
    made.profiles.applications["erp"] = Liar()

    execution = made.to_erp()

    assert execution.state is State.FAILED
    assert f"refused record {place} of a batch that has 2 records" in str(execution.message)


def test_an_execution_goes_on_after_the_last_batch_that_was_recorded(made: Runs) -> None:
    made.put(*numbered(7))
    made.erp.refuse = odd_ids
    with held_at_batch(made, 3) as (worker, go):
        other = taken_over(made)
        go.set()
        worker.stop()
    assert other.delivered is not None
    assert (other.delivered.records, other.delivered.refused) == (4, 2)
    expire(made.rig)

    execution = made.go_on()

    assert execution.state is State.DONE, execution.message
    # The batch that nobody recorded came twice, under the same key; no other did.
    keys = [batch.key for batch in made.erp.batches]
    assert len(keys) == 5
    assert keys[2] == keys[3]
    assert made.erp.records == [{"id": number} for number in range(0, 7, 2)]
    assert [reject["record"]["id"] for reject in made.kept()] == [1, 3, 5]
    assert (made.rig.counts().records_written, made.rig.counts().records_rejected) == (4, 3)


def test_an_execution_may_be_cancelled_between_two_batches(made: Runs) -> None:
    made.put(*numbered(7))
    made.erp.refuse = odd_ids

    def cancel(batch: Batch) -> None:
        if len(made.erp.batches) == 2:
            assert made.rig.cancel()
            made.rig.until_told()

    made.erp.on_batch = cancel

    execution = made.to_erp()

    assert execution.state is State.CANCELLED
    assert execution.message == "At least 2 of 7 records had been written before"
    assert len(made.erp.batches) == 2
    assert [reject["record"]["id"] for reject in made.kept()] == [1, 3]


def test_no_records_are_a_success_without_a_batch(made: Runs) -> None:
    made.rig.objects.objects.clear()

    assert made.to_erp().state is State.DONE
    assert made.erp.batches == []


def test_records_go_from_one_application_to_another(made: Runs) -> None:
    made.crm.held = numbered(5)

    execution = made.run(flow(dict(PROJECTION), dict(MAP_ALL), source=from_records(), destination=to_records()))

    assert execution.state is State.DONE, execution.message
    assert made.erp.records == [{"id": number} for number in range(5)]


def test_a_batch_holds_no_more_than_a_request_may(made: Runs) -> None:
    half = "x" * (BATCH_BYTES // 2 - 100)
    made.erp.batch_size = 100
    made.put(*texts({"id": number, "text": half} for number in range(5)))

    assert made.to_erp().state is State.DONE
    assert [len(batch.records) for batch in made.erp.batches] == [2, 2, 1]


def test_a_line_separator_within_a_text_ends_no_record(made: Runs) -> None:
    made.put('{"id": 1, "text": "a\u2028b\x85c\x0bd"}'.replace("\x0b", "\\u000b"))

    assert made.to_erp().state is State.DONE
    assert made.erp.records == [{"id": 1, "text": "a\u2028b\x85c\x0bd"}]


def test_a_position_never_moves_back(made: Runs) -> None:
    made.rig.queue("e1", flow(destination=to_records()))
    store = made.rig.store

    def put(records: int) -> bool:
        return store.write(lambda tx: deliveries.put(tx, "e1", Delivered(records, 0, 0))).result()

    assert [put(2), put(2), put(4), put(3)] == [True, True, True, False]
    found = store.read(lambda tx: deliveries.get(tx, "e1")).result()
    assert found is not None
    assert found.records == 4


def test_a_delivery_that_is_handed_back_goes_on_where_it_was(made: Runs) -> None:
    made.put(*numbered(7))
    with held_at_batch(made, 2) as (worker, go), let_go_once_told(made, go):
        worker.stop()

    assert made.rig.get().state is State.RUNNING
    assert made.go_on().state is State.DONE
    assert [batch.records[0] for batch in made.erp.batches] == ['{"id":0}', '{"id":2}', '{"id":4}', '{"id":6}']


@contextmanager
def held_at_batch(made: Runs, number: int) -> Generator[tuple[Worker, threading.Event]]:
    """A worker whose execution waits, with the batch of this number at the destination, until the event is set."""
    reached, go = threading.Event(), threading.Event()

    def hold(batch: Batch) -> None:
        if len(made.erp.batches) == number:
            reached.set()
            wait_for(go)

    made.erp.on_batch = hold
    made.rig.queue("e1", flow(destination=to_records()))
    with made.rig.work(**made.parts) as worker:
        wait_for(reached)
        try:
            yield worker, go
        finally:
            go.set()


def begun(made: Runs, *, attempts: int = 1) -> None:
    """Leave an execution behind whose first of four batches is recorded, and of which nobody is left."""
    made.put(*numbered(7))
    made.erp.refuse = odd_ids
    with held_at_batch(made, 2) as (worker, go):
        for _ in range(attempts):
            taken_over(made)
        go.set()
        worker.stop()
    expire(made.rig)


def test_a_profile_that_goes_during_a_delivery_loses_no_account_of_it(made: Runs) -> None:
    begun(made)
    del made.profiles.applications["erp"]

    execution = made.go_on()

    assert execution.state is State.FAILED
    assert execution.message == "There is no connector profile erp. At least 1 of 7 records had been written before"
    assert [reject["record"]["id"] for reject in made.kept()] == [1]
    assert (made.rig.counts().records_read, made.rig.counts().records_rejected) == (7, 1)


def test_a_delivery_that_never_comes_to_its_end_is_given_up(made: Runs) -> None:
    begun(made, attempts=10)

    execution = made.go_on()

    assert execution.state is State.FAILED
    assert "was begun 10 times" in str(execution.message)
    assert "At least 1 of 7 records" in str(execution.message)
    assert len(made.erp.batches) == 2


def test_a_profile_that_is_gone_is_known_before_the_source_is_read(made: Runs) -> None:
    made.put(*numbered(2))

    execution = made.to_erp(profile="old")

    assert execution.message == "There is no connector profile old"
    assert made.rig.objects.listed == 0


def test_a_cancelled_delivery_whose_worker_died_is_accounted_for(made: Runs) -> None:
    begun(made)
    assert made.rig.cancel()

    execution = made.go_on()

    assert execution.state is State.CANCELLED
    assert execution.message == "At least 1 of 7 records had been written before"
    assert (made.rig.counts().records_read, made.rig.counts().records_rejected) == (7, 1)
    assert [reject["record"]["id"] for reject in made.kept()] == [1]
    assert len(made.erp.batches) == 2
