"""Records that lack fields, on their way to an application that is to be changed, not filled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.model.states import State
from tests.standins.application import from_records, to_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, Runs, flow, runs

SPARSE = ('{"id": 1, "name": "a", "size": null}', '{"id": 2, "size": 7}', '{"id": 3, "name": null}')


@pytest.fixture(name="made")
def running(tmp_path: Path) -> Iterator[Runs]:
    with runs(tmp_path) as made:
        yield made


def mapped(name: str, to: str, destination_type: str | None = None) -> dict[str, Any]:
    types = {} if destination_type is None else {"DESTINATION_DATA_TYPE": destination_type}
    return {"taskType": "Map", "sourceFields": [name], "destinationField": to, "taskProperties": types}


def changed(operation: str) -> dict[str, Any]:
    return to_records(writeOperationType=operation, idFieldNames=["id"])


@pytest.mark.parametrize("operation", ["UPDATE", "UPSERT"])
def test_a_field_that_a_record_lacks_is_not_written_over(made: Runs, operation: str) -> None:
    made.put(*SPARSE)
    assert made.run(flow(MAP_ALL, destination=changed(operation))).state is State.DONE
    assert made.erp.records == [{"id": 1, "name": "a", "size": None}, {"id": 2, "size": 7}, {"id": 3, "name": None}]


def test_an_inserted_record_has_every_field(made: Runs) -> None:
    made.put(*SPARSE)
    made.run(flow(MAP_ALL, destination=to_records()))
    assert made.erp.records[1] == {"id": 2, "name": None, "size": 7}


def test_mapped_fields_are_left_out_as_well(made: Runs) -> None:
    made.put(*SPARSE)
    tasks = (mapped("id", "key", "integer"), mapped("size", "amount", "double"), mapped("nobody", "has it"))
    made.run(flow(*tasks, destination=changed("UPSERT")))
    assert made.erp.records == [{"key": 1, "amount": None}, {"key": 2, "amount": 7.0}, {"key": 3}]


def test_what_a_task_makes_is_always_there(made: Runs) -> None:
    made.put(*SPARSE)
    merge = {
        "taskType": "Merge",
        "sourceFields": ["id", "name"],
        "destinationField": "id,name",
        "taskProperties": {"CONCAT_FORMAT": "${id}-${name}"},
    }
    mask = {
        "taskType": "Mask",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "MASK_ALL"},
        "taskProperties": {"MASK_VALUE": "*"},
    }
    made.run(flow(merge, mask, mapped("id,name", "label"), mapped("name", "name"), destination=changed("UPDATE")))
    assert made.erp.records == [{"label": "1-*", "name": "*"}, {"label": "2-"}, {"label": "3-", "name": None}]


def test_a_projection_leaves_out_what_it_does_not_name(made: Runs) -> None:
    made.crm.held = SPARSE
    made.run(
        flow(
            dict(PROJECTION),
            mapped("id", "id"),
            mapped("size", "size"),
            source=from_records(),
            destination=changed("UPDATE"),
        )
    )
    assert made.erp.records == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_bad_lines_are_rejected_as_ever(made: Runs) -> None:
    made.put(SPARSE[0], "no json", SPARSE[1], "[1]")
    execution = made.run(flow(MAP_ALL, destination=changed("UPSERT")))
    assert execution.state is State.DONE
    assert [record["id"] for record in made.erp.records] == [1, 2]
    assert [reject["record"] for reject in made.kept()] == ["no json", "[1]"]


def test_hostile_names_are_the_fields_that_they_are(made: Runs) -> None:
    made.put('{"a\'b": 1, "c\\"d": null, "": 2}', '{"present": 3, "~/": null, "A": 1, "a": 2}')
    made.run(flow(MAP_ALL, destination=changed("UPDATE")))
    assert made.erp.records == [{"a'b": 1, 'c"d': None, "": 2}, {"present": 3, "~/": None, "A": 1, "a": 2}]


def test_an_empty_cell_of_csv_is_a_null_that_somebody_wrote(made: Runs) -> None:
    asked = flow(MAP_ALL, destination=changed("UPDATE"))
    asked["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["s3InputFormatConfig"] = {"s3InputFileType": "CSV"}
    made.put("id,name", "1,", "2,b")
    made.run(asked)
    assert made.erp.records == [{"id": "1", "name": None}, {"id": "2", "name": "b"}]
