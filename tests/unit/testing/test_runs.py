"""What a test asks a service for: documents applied, runs with their records and rejects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from headrace.applying import Unfinished
from headrace.documents import BadDocument
from headrace.errors import ResourceNotFoundException
from headrace.testing import Headrace, running
from headrace.testing.runs import records_of
from tests.unit.applying.rig import profile
from tests.unit.cli.documents import flow_document

TYPED = [
    {
        "taskType": "Map",
        "sourceFields": ["id"],
        "destinationField": "id",
        "connectorOperator": {"S3": "NO_OP"},
        "taskProperties": {"DESTINATION_DATA_TYPE": "integer"},
    }
]


@pytest.fixture(name="served", scope="module")
def one_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("testing") / "data") as service:
        service.put_object("raw", "in/people.csv", "id,name\n1,Ada\noops,Grace\n")
        yield service


def test_a_run_has_its_own_records_and_its_rejects(served: Headrace) -> None:
    typed = flow_document(tasks=TYPED)
    output = {"fileType": "PARQUET", "preserveSourceDataTyping": True}
    typed["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"] = output
    served.apply(typed)
    first, second = served.run("people"), served.run("people", limit=1)
    assert (first.status, first.read, first.written, first.rejected) == ("Successful", 2, 1, 1)
    assert first.records == second.records == [{"id": 1}]
    (reject,) = first.rejects
    assert "oops" in reject["record"]
    assert [run.execution_id for run in served.runs("people")] == [second.execution_id, first.execution_id]
    assert served.read_records("lake", "people/") == [{"id": 1}, {"id": 1}]


def test_a_run_that_fails_is_answered_too(served: Headrace) -> None:
    broken = flow_document(flowName="broken")
    broken["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["bucketName"] = "broken"
    served.apply(broken)
    (served.data / "buckets" / "broken").write_bytes(b"")
    run = served.run("broken")
    assert (run.status, run.records) == ("Error", [])
    assert run.message


def test_documents_are_applied_again_and_what_can_not_be_updated_is_made_anew(served: Headrace, tmp_path: Path) -> None:
    moved = flow_document(flowName="copied")
    served.apply(moved)
    moved["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketPrefix"] = "in/"
    served.apply(moved)
    assert served.run("copied").written == 1


def test_what_the_service_refuses_is_raised(served: Headrace) -> None:
    nowhere = flow_document(flowName="nowhere")
    nowhere["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketName"] = "no-such-bucket"
    with pytest.raises(Unfinished, match=r"flow nowhere could not be created: .*no-such-bucket"):
        served.apply(nowhere)
    with pytest.raises(ResourceNotFoundException):
        served.run("nowhere")


def test_a_document_that_is_none_is_refused_before_anything_is_done(served: Headrace) -> None:
    with pytest.raises(BadDocument, match="triggerConfig"):
        served.apply(flow_document(flowName="half", triggerConfig={}), flow_document(flowName="whole"))
    assert "whole" not in {flow.flow_name for flow in served.client.list_flows().items()}


def test_a_secret_that_is_not_given_is_named(served: Headrace) -> None:
    with pytest.raises(BadDocument, match="nobody gave DESK_ID, DESK_SECRET"):
        served.apply(profile())


def test_records_are_read_from_every_form_that_a_flow_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    duckdb.execute("COPY (SELECT 1 AS id, 'Ada' AS name) TO $1 (FORMAT parquet)", [str(path)])
    assert records_of(path.read_bytes()) == [{"id": 1, "name": "Ada"}]
    assert records_of(b'{"id": 1}\n\n{"id": 2}\n') == [{"id": 1}, {"id": 2}]
    assert records_of(b'id,name\n1,"A\nB"\n') == [{"id": "1", "name": "A\nB"}]
    assert records_of(b"") == []
