"""Rejected records from end to end: listed, downloaded, and run again once the flow is mended. Each is written once."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.e2e.life import Place, renamed, settled
from tests.standins.callers import Boto3
from tests.standins.processes import PATIENCE_S
from tests.unit.cli.documents import flow_document
from tests.unit.cli.test_rejects import TASKS

GOOD = [{"id": f"{number}", "amount": f"{number}"} for number in range(50)]
BAD = [{"id": f"bad-{number}", "amount": "none"} for number in range(30)]


def headrace(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headrace", *arguments, "--url", place.service.url]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def written(place: Place, bucket: str) -> list[str]:
    """The ids of all records of JSON; those of Parquet are told by their file only."""
    texts = [body.decode() for key, body in place.objects.read(bucket).items() if key.endswith(".json")]
    return sorted(json.loads(line)["id"] for text in texts for line in text.splitlines())


def test_bad_rows_are_listed_downloaded_and_written_once_the_flow_is_mended(place: Place, tmp_path: Path) -> None:
    document: dict[str, Any] = renamed(flow_document(tasks=TASKS))
    source, lake = (end["S3"] for end in ends(document))
    lake["s3OutputFormatConfig"] = {"fileType": "PARQUET", "preserveSourceDataTyping": True}
    rows = "".join(f"{row['id']},{row['amount']}\n" for row in [*GOOD, *BAD])
    prefix = source.get("bucketPrefix", "")
    place.objects.make(lake["bucketName"])
    place.objects.put(source["bucketName"], f"{prefix}/1.csv", f"id,amount\n{rows}".encode())
    name = document["flowName"]
    with closing(Boto3(place.service)) as boto3:
        boto3.call("CreateFlow", document)
        first = boto3.call("StartFlow", {"flowName": name})["executionId"]
        record = settled(boto3, name, first)
        assert record["executionStatus"] == "Successful"
        assert record["executionResult"]["errorInfo"]["putFailuresCount"] == len(BAD)

        listed = headrace(place, "rejects", name)
        assert listed.returncode == 0, listed.stderr
        assert f"Run {first} rejected {len(BAD)} records" in listed.stdout
        assert f"{len(BAD)}  tasks[0] Map amount: Field 'amount' can't be read as integer: …" in listed.stdout
        target = tmp_path / "rejects.jsonl"
        assert headrace(place, "rejects", name, "--id", first, "--download", str(target)).returncode == 0
        assert [json.loads(line)["record"] for line in target.read_text().splitlines()] == BAD

        lake["s3OutputFormatConfig"] = {"fileType": "JSON"}
        document["tasks"] = [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}]
        boto3.call("UpdateFlow", document)
        retried = headrace(place, "retry-rejects", name, "--wait")
        assert retried.returncode == 0, retried.stderr
        assert written(place, lake["bucketName"]) == sorted(row["id"] for row in BAD)
        assert headrace(place, "retry-rejects", name, "--id", first).returncode == 1
        second = settled(boto3, name, retried.stdout.strip())
        assert second["executionResult"]["recordsProcessed"] == len(BAD)
    parquet = [key for key in place.objects.read(lake["bucketName"]) if key.endswith(".parquet")]
    assert len(parquet) == 1, "what the first run wrote is as it was"


def ends(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    destination = document["destinationFlowConfigList"][0]["destinationConnectorProperties"]
    return document["sourceFlowConfig"]["sourceConnectorProperties"], destination
