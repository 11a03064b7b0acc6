"""Files that can't be read at all hold up no others of their flow."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.engine.formats import UnreadableSource
from headrace.model.states import State
from headrace.runner.set_aside import without
from headrace.testing import running
from tests.standins.processes import until
from tests.unit.cli.documents import flow_document
from tests.unit.runner.event_rig import drop, lines, listen, parked, rouse, runs, waiting
from tests.unit.runner.rig import Rig, rig


@pytest.fixture(name="town")
def a_rig(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path / "data", turned_by_hand=True) as made:
        made.objects.objects.clear()
        listen(made)
        yield made


def test_the_others_of_a_batch_are_moved_and_each_that_is_broken_is_rejected(town: Rig) -> None:
    with town.work():
        drop(town, a="1\n", b="torn\n", c="3\n", d="torn\n")
        rouse(town)
        counts = parked(town).counts or {}
        assert (counts["recordsRead"], counts["recordsWritten"], counts["recordsRejected"]) == (4, 2, 2)
        assert (lines(town), waiting(town)) == (["1", "3"], 0)
        drop(town, e="5\n")
        rouse(town)
        town.until(lambda found: (found.counts or {})["recordsWritten"] == 3, runs(town)[0].execution_id)
    (run,) = runs(town)
    assert (run.state, "2 of 5 records" in (run.message or "")) == (State.WAITING, True)
    files = [path for path in (town.data / "rejects").rglob("*.json") if path.is_file()]
    said = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
    assert [each["file"] for each in said] == ["s3://raw/in/b", "s3://raw/in/d"]
    assert {each["isComplete"] for each in said} == {False}


def test_a_file_that_the_batch_does_not_have_is_no_reason_to_leave_any_out() -> None:
    document = {"files": [{"name": "a"}], "fields": None}
    assert without(document, UnreadableSource("b is broken", "b")) is None


def test_a_packed_file_that_ends_too_early_holds_up_no_other(tmp_path: Path) -> None:
    whole = gzip.compress(b"id\n" + b"".join(b"%d\n" % number for number in range(20_000)))
    document = flow_document(triggerConfig={"triggerType": "Event"}, tasks=flow_document()["tasks"][1:])
    with (
        running(tmp_path / "data") as headrace,
        closing(boto3.client("appflow", **headrace.client_arguments)) as client,
    ):
        (headrace.data / "buckets" / "raw" / "in").mkdir(parents=True)
        client.create_flow(**document)
        client.start_flow(flowName="people")
        headrace.put_object("raw", "in/1.csv.gz", whole[:-2000])
        headrace.put_object("raw", "in/2.csv", b"name\nAda\n")
        headrace.put_object("raw", "in/3.csv", b"\xff\xfe\xff\n1\n")
        until(lambda: headrace.list_objects("lake"))

        def counted() -> dict[str, Any] | None:
            found = client.describe_flow_execution_records(flowName="people")["flowExecutions"]
            result = found[0]["executionResult"] if found else {}
            return result if result.get("recordsProcessed") == 3 else None

        assert until(counted)["errorInfo"]["putFailuresCount"] == 2
