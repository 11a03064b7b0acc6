"""Rejected records run again: each once, by the flow as it is now, known by where it first stood."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.records import Batch
from headrace.connector_sdk.reject_lines import of_unreadable
from headrace.model.states import State
from headrace.store.executions import Execution
from tests.standins.application import from_records, to_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, Runs, flow, numbered, runs, texts
from tests.unit.runner.rig import expire

AS_NUMBER: Mapping[str, Any] = {
    "taskType": "Map",
    "sourceFields": ["n"],
    "destinationField": "n",
    "taskProperties": {"DESTINATION_DATA_TYPE": "integer"},
}
AS_TEXT: Mapping[str, Any] = {**AS_NUMBER, "taskProperties": {}}
KEEP_ID: Mapping[str, Any] = {"taskType": "Map", "sourceFields": ["id"], "destinationField": "id", "taskProperties": {}}


@pytest.fixture
def made(tmp_path: Path) -> Generator[Runs]:
    with runs(tmp_path) as started:
        yield started


def retried(made: Runs, asked: dict[str, Any], of: str = "e1", by: str = "e2") -> Execution:
    made.rig.queue(by, asked, overrides={"filters": [], "retryOf": of})
    with made.rig.work(**made.parts):
        return made.rig.settled(by)


def csv_flow(*tasks: Mapping[str, Any], source: str = "CSV", **ends: Any) -> dict[str, Any]:
    asked = flow(*tasks, **ends)
    properties = asked["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]
    properties["s3InputFormatConfig"] = {"s3InputFileType": source}
    return asked


def sent(made: Runs) -> list[dict[str, Any]]:
    return made.erp.records


def kept(made: Runs, execution_id: str) -> list[dict[str, Any]]:
    folder = made.rig.data / "rejects" / "orders" / execution_id
    paths = sorted(folder.iterdir(), key=lambda path: int(path.stem)) if folder.exists() else []
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").split("\n") if line]


def test_what_a_cast_rejected_is_written_once_the_flow_is_mended(made: Runs) -> None:
    made.put(*texts([{"id": 1, "n": "7"}, {"id": 2, "n": "x"}, {"id": 3, "n": "y"}]))
    assert made.run(flow(KEEP_ID, AS_NUMBER, destination=to_records())).state is State.DONE
    assert sent(made) == [{"id": 1, "n": 7}]

    execution = retried(made, flow(KEEP_ID, AS_TEXT, destination=to_records()))

    assert execution.state is State.DONE, execution.message
    assert sent(made) == [{"id": 1, "n": 7}, {"id": 2, "n": "x"}, {"id": 3, "n": "y"}]
    counts = made.rig.counts("e2")
    assert (counts.records_read, counts.records_written, counts.records_rejected) == (2, 2, 0)
    assert counts.balanced
    assert made.rig.left_over() == []


def test_what_the_destination_refused_goes_through_the_tasks_again_as_its_source_had_it(made: Runs) -> None:
    made.put(*texts([{"id": 1, "n": "7"}, {"id": 2, "n": "8", "more": 1.10}]))
    made.erp.refuse = lambda record: "no room" if record["id"] == 2 else None
    renamed = {**AS_TEXT, "destinationField": "number"}
    assert made.run(flow(KEEP_ID, renamed, destination=to_records())).state is State.DONE
    assert kept(made, "e1") == [
        {
            "record": {"id": 2, "number": "8"},
            "source": {"id": 2, "n": "8", "more": 1.1},
            "error": "no room",
            "recordNumber": 2,
        }
    ]

    made.erp.refuse = lambda record: None
    execution = retried(made, flow(KEEP_ID, AS_NUMBER, destination=to_records()))

    assert execution.state is State.DONE, execution.message
    assert sent(made) == [{"id": 1, "number": "7"}, {"id": 2, "n": 8}]
    # Another execution, so other keys: a batch of the first one is never taken for one of these.
    assert [batch.key for batch in made.erp.batches] == ["e1-0", "e2-0"]


def test_what_is_refused_again_is_a_reject_of_the_retry_and_may_be_retried_in_turn(made: Runs) -> None:
    made.put(*numbered(5))
    made.erp.refuse = lambda record: f"{record['id']} is odd" if record["id"] % 2 else None
    asked = flow(destination=to_records())
    assert made.run(asked).state is State.DONE
    made.erp.refuse = lambda record: "not 3" if record["id"] == 3 else None
    assert retried(made, asked).state is State.DONE
    assert [(one["source"], one["error"]) for one in kept(made, "e2")] == [({"id": 3}, "not 3")]
    made.erp.refuse = lambda record: None
    assert retried(made, asked, of="e2", by="e3").state is State.DONE
    assert sorted(record["id"] for record in sent(made)) == [0, 1, 2, 3, 4]


def test_a_record_that_stays_bad_keeps_the_place_where_it_first_stood(made: Runs) -> None:
    made.rig.objects.objects["raw", "in/1"] = "id,n\n1,7\n2,x\n"
    made.rig.objects.objects["raw", "in/2"] = 'id,n\n3,8\n"4\n",y\n5,z,\n6,7,8\n'
    asked = csv_flow(KEEP_ID, AS_NUMBER, destination=to_records())
    assert made.run(asked).state is State.DONE
    first = kept(made, "e1")
    assert len(first) == 4

    execution = retried(made, asked)

    # Nothing of it could be written.
    assert execution.state is State.FAILED
    assert made.rig.counts("e2").rejected == {1: 3, -1: 1}
    assert {str(one) for one in kept(made, "e2")} == {str(one) for one in first}
    places = {(one["file"], one["line"]) for one in first}
    assert places == {("s3://raw/in/1", 3), *(("s3://raw/in/2", line) for line in (3, 5, 6))}


def test_lines_that_were_read_in_the_wrong_format_are_read_in_the_right_one(made: Runs) -> None:
    made.rig.objects.objects["raw", "in/1"] = 'id,n\n1,7\n{"id": "2"}\n'
    assert made.run(csv_flow(KEEP_ID, AS_TEXT)).state is State.DONE
    assert made.written() == [{"id": "1", "n": "7"}]

    execution = retried(made, csv_flow(KEEP_ID, AS_TEXT, source="JSON"))

    assert execution.state is State.DONE, execution.message
    assert made.written() == [{"id": "1", "n": "7"}, {"id": "2", "n": None}]
    keys = sorted(made.rig.objects.output())
    assert len(keys) == 2, "beside what the first run wrote"


def test_lines_are_read_again_under_the_header_that_they_stood_under(made: Runs) -> None:
    made.rig.objects.objects["raw", "in/1"] = 'n,"a b"\n1,2,3\n4,"5"6\n7,"8\n'
    assert made.run(csv_flow(AS_TEXT)).state is State.FAILED
    assert {tuple(one["header"]) for one in kept(made, "e1")} == {("n", "a b")}
    assert retried(made, csv_flow(AS_TEXT)).state is State.FAILED
    key = lambda one: str(one["line"])  # noqa: E731
    assert sorted(kept(made, "e2"), key=key) == sorted(kept(made, "e1"), key=key)


def test_text_that_is_not_all_that_stood_in_the_file_is_never_written(made: Runs) -> None:
    made.put('{"id": 1, "n": "x"}', '{"id": 2, "n": "y"}')
    asked = flow(KEEP_ID, AS_NUMBER, destination=to_records())
    assert made.run(asked).state is State.FAILED
    place = made.rig.data / "rejects" / "orders" / "e1" / "1.json"
    lost = {"record": '{"id": 3, "n": "??"}', "error": "Invalid unicode", "file": "f", "line": 9, "isComplete": False}
    torn = of_unreadable("g", "g is not whole").decode()
    place.write_text(place.read_text() + json.dumps(lost) + "\n" + torn + "\n")

    assert retried(made, flow(KEEP_ID, AS_TEXT, destination=to_records())).state is State.DONE
    assert [record["id"] for record in sent(made)] == [1, 2]
    assert kept(made, "e2") == [lost, json.loads(torn)]


def test_what_is_read_again_and_what_is_not_are_counted_together(made: Runs) -> None:
    made.put('{"id": 1, "n": "x"}', "nonsense", '{"id": 2, "n": "7"}', '{"id": 3, "n": "y"}')
    assert made.run(flow(KEEP_ID, AS_NUMBER, destination=to_records())).state is State.DONE

    execution = retried(made, flow(KEEP_ID, AS_TEXT, destination=to_records()))

    assert execution.state is State.DONE
    counts = made.rig.counts("e2")
    assert (counts.records_read, counts.records_written, counts.rejected) == (3, 2, {-1: 1})
    (again,) = kept(made, "e2")
    assert (again["record"], again["line"], again["file"]) == ("nonsense", 2, "s3://raw/in/1")


def test_the_application_that_was_read_is_not_asked_again(made: Runs) -> None:
    made.crm.held = texts([{"id": 1, "name": "x"}, {"id": 2, "name": "7"}])
    rule = {**AS_NUMBER, "sourceFields": ["name"], "destinationField": "name"}
    source = {"source": from_records(), "destination": to_records()}
    assert made.run(flow(PROJECTION, rule, **source)).state is State.DONE
    asked = len(made.crm.queries)
    made.crm.held = ()

    assert retried(made, flow(MAP_ALL, **source)).state is State.DONE
    assert sent(made)[-1]["name"] == "x"
    assert len(made.crm.queries) == asked


def test_a_retry_that_was_cut_short_goes_on_and_sends_nothing_twice(made: Runs) -> None:
    made.put(*numbered(6))
    made.erp.refuse = lambda record: "down"
    asked = flow(destination=to_records())
    assert made.run(asked).state is State.FAILED
    made.erp.refuse = lambda record: None
    keys: list[str] = []

    def cut_once(batch: Batch) -> None:
        keys.append(batch.key)
        if keys.count("e2-2") == 1:
            expire(made.rig)
            # Whoever has it now begins before this batch's position can be kept.
            made.rig.until(lambda found: found.attempt == 2, "e2")

    made.erp.after_batch = cut_once

    execution = retried(made, asked)

    assert execution.state is State.DONE, execution.message
    assert (execution.attempt, keys) == (2, ["e2-0", "e2-2", "e2-2", "e2-4"])
    assert sorted(record["id"] for record in sent(made)) == list(range(6))
    assert made.rig.counts("e2").balanced


def test_an_execution_that_is_gone_ends_its_retry_in_words(made: Runs) -> None:
    made.put(*numbered(1))
    execution = retried(made, flow(destination=to_records()), of="nobody")
    assert execution.state is State.FAILED
    assert "nobody whose rejected records are to be run again is gone" in str(execution.message)
