"""What other people wrote for AppFlow: the S3 flows run, the others are checked as AppFlow checks them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.registry import GROUP
from tests.e2e.life import FLOWS, Place, as_update, bucket_places, published, read_output, renamed, run, steady
from tests.standins.callers import Boto3, Caller, Refused
from tests.standins.objects import EmbeddedObjects
from tests.standins.processes import PATIENCE_S, plain_environment
from tests.standins.service import HEADRACE

REFUSED = "tf-issue-34482-map-without-projection.json"
SENTENCE = "Create Flow request failed: [Task Validation Error: You must specify a projection task or a MAP_ALL task]"

SOURCE = (
    "testField,anotherTestField,aThirdTestField,First Name,Last Name\n"
    "1,a,x,Ada,Lovelace\n"
    '"2, with a comma",b,y,Zoë,"O""Neil"\n'
    "3,,z,李,雷\n"
)

TEST_FIELD = [{"testField": "1"}, {"testField": "2, with a comma"}, {"testField": "3"}]

# What each S3 to S3 document makes of SOURCE.
OUTPUT: dict[str, list[dict[str, Any]]] = {
    "tf-acc-basic.json": TEST_FIELD,
    "tf-acc-parquet.json": TEST_FIELD,
    # aThirdTestField is not projected: the Map of it yields null.
    "tf-acc-multiple-tasks.json": [{**record, "aThirdTestField": None} for record in TEST_FIELD],
    "tf-acc-metadata-catalog.json": [
        dict(zip(SOURCE.partition("\n")[0].split(","), values, strict=True))
        for values in (
            ("1", "a", "x", "Ada", "Lovelace"),
            ("2, with a comma", "b", "y", "Zoë", 'O"Neil'),
            ("3", None, "z", "李", "雷"),
        )
    ],
    "fdmsantos-merge-concat.json": [
        {"Full Name": "Ada Lovelace"},
        {"Full Name": 'Zoë O"Neil'},
        {"Full Name": "李 雷"},
    ],
}
SUFFIX = {None: ".json", "JSON": ".json", "CSV": ".csv", "PARQUET": ".parquet"}

ALL = sorted(path.name for path in FLOWS.glob("*.json"))
OF_S3 = [name for name in ALL if name in OUTPUT]
SCHEDULED = [name for name in OF_S3 if published(name)["triggerConfig"]["triggerType"] == "Scheduled"]
HERE = {"CustomConnector", *(entry.name for entry in entry_points(group=GROUP))}
OF_OTHERS = [name for name in ALL if name not in OUTPUT and name != REFUSED]


@pytest.fixture
def caller(place: Place) -> Iterator[Caller]:
    with closing(Boto3(place.service)) as made:
        yield made


def _planted(objects: Any, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document under names of its own with its source planted, and its destination's properties."""
    document = renamed(published(name))
    source, destination = bucket_places(document)
    objects.put(source["bucketName"], f"{source['bucketPrefix']}_source.csv", SOURCE.encode())
    objects.make(destination["bucketName"])
    return document, destination


def _check_output(name: str, document: dict[str, Any], destination: dict[str, Any], objects: Any, folder: Path) -> None:
    prefix = "/".join(part for part in (destination.get("bucketPrefix"), document["flowName"], "") if part is not None)
    keys = list(objects.read(destination["bucketName"], prefix))
    assert len(keys) == 1
    assert Path(keys[0]).suffix == SUFFIX[destination["s3OutputFormatConfig"].get("fileType")]
    assert read_output(objects, destination["bucketName"], prefix, folder) == OUTPUT[name]


def test_every_published_flow_is_in_one_of_the_three_groups() -> None:
    assert len(ALL) == 23
    of_s3 = [name for name in ALL if len(bucket_places(published(name))) == 2]
    assert sorted(OUTPUT) == of_s3


def test_every_published_flow_names_its_source() -> None:
    readme = (FLOWS / "README.md").read_text(encoding="utf-8")
    assert [name for name in ALL if f"| `{name}` |" not in readme] == []


@pytest.mark.parametrize("name", OF_S3)
def test_a_flow_from_s3_to_s3_is_created_and_stays_as_it_was_sent(place: Place, caller: Caller, name: str) -> None:
    document, _ = _planted(place.objects, name)
    status = "Draft" if name in SCHEDULED else "Active"
    assert caller.call("CreateFlow", document)["flowStatus"] == status
    described = caller.call("DescribeFlow", {"flowName": document["flowName"]})
    assert [each["taskType"] for each in described["tasks"]] == [each["taskType"] for each in document["tasks"]]
    assert caller.call("UpdateFlow", as_update(described)) == {"flowStatus": status}
    assert steady(caller.call("DescribeFlow", {"flowName": document["flowName"]})) == steady(described)


@pytest.mark.parametrize("name", [name for name in OF_S3 if name not in SCHEDULED])
def test_an_on_demand_flow_from_s3_to_s3_runs(place: Place, caller: Caller, name: str, tmp_path: Path) -> None:
    document, destination = _planted(place.objects, name)
    caller.call("CreateFlow", document)
    record = run(caller, document["flowName"])
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 3)
    _check_output(name, document, destination, place.objects, tmp_path)


@pytest.mark.parametrize("name", OF_S3)
def test_headrace_run_runs_a_flow_from_s3_to_s3_without_a_server(name: str, tmp_path: Path) -> None:
    objects = EmbeddedObjects(tmp_path / "data")
    document, destination = _planted(objects, name)
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = _headrace_run(path, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    _check_output(name, document, destination, objects, tmp_path)


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_flow_of_another_connector_passes_the_checks_and_is_told_what_is_missing(embedded: Place, name: str) -> None:
    document = renamed(published(name))
    for place in bucket_places(document):
        embedded.objects.put(place["bucketName"], f"{place.get('bucketPrefix', '')}planted.csv", SOURCE.encode())
    message = _refusal(embedded, document)
    assert "validation error" not in message.lower(), message
    ends = [document["sourceFlowConfig"], *document["destinationFlowConfigList"]]
    # Of a connector that is here, the profile is what is missing.
    missing = {
        f"Connector profile {end.get('connectorProfileName')} not found" if each in HERE else f"connector {each} is not"
        for end in ends
        if (each := end["connectorType"]) != "S3"
    }
    assert any(sentence in message for sentence in missing), message


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_fault_in_a_flow_of_another_connector_is_found_all_the_same(embedded: Place, name: str) -> None:
    document = renamed(published(name))
    document["tasks"] = [*deepcopy(document["tasks"]), {"taskType": "Truncate", "sourceFields": ["a", "b"]}]
    assert "Task Validation Error" in _refusal(embedded, document)
    document["tasks"][0]["taskType"] = "Reduce"
    assert "1 validation error detected: Value 'Reduce' at 'tasks.1.member.taskType'" in _refusal(embedded, document)


def test_a_map_without_a_projection_is_refused_with_awss_sentence(embedded: Place) -> None:
    assert _refusal(embedded, renamed(published(REFUSED))) == SENTENCE


def test_headrace_run_refuses_a_bad_document_with_exit_code_2(tmp_path: Path) -> None:
    done = _headrace_run(FLOWS / REFUSED, tmp_path)
    assert done.returncode == 2
    assert "You must specify a projection task or a MAP_ALL task" in done.stdout + done.stderr


def _headrace_run(document: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HEADRACE, "run", str(document), "--data", str(folder / "data")],
        env=plain_environment(HOME=str(folder)),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def _refusal(place: Place, document: dict[str, Any]) -> str:
    with closing(Boto3(place.service)) as caller, pytest.raises(Refused) as refused:
        caller.call("CreateFlow", document)
    return refused.value.message
