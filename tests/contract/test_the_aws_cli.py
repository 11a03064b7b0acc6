"""Of each operation, the request that `headrace` sends is the one that the AWS CLI sends for the same words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest

from headrace.cli.main import DONE, OPERATIONS, run
from headrace.cli.members import option_of
from headrace.cli.operations import members_of
from headrace.model import api
from headrace.model.shapes import (
    Boolean,
    Float,
    Integer,
    ListShape,
    MapShape,
    Shape,
    String,
    Structure,
    Timestamp,
)
from tests.standins.processes import PATIENCE_S
from tests.standins.recorder import Asked, Recorder, recording

# The whole of the AWS CLI in one process: it takes a second to load.
AWS = """
import json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
codes = [driver.main(["appflow", *words]) for words in json.load(sys.stdin)]
sys.exit(json.dumps(codes) if any(codes) else 0)
"""
ARN = "arn:aws:appflow:us-east-1:123456789012:flow/a b+c"
INSTANT = "2026-01-31T12:00:00Z"
TRIGGER = "triggerType=Scheduled,triggerProperties={Scheduled={scheduleExpression='rate(1days)',scheduleOffset=5}}"
SOURCE = "connectorType=S3,sourceConnectorProperties={S3={bucketName=raw,bucketPrefix=in}}"
LAKE = "connectorType=S3,destinationConnectorProperties={S3={bucketName=lake}}"
LAKE_IN_JSON = {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
MAP = 'taskType=Map,sourceFields=id,"a,b",destinationField=id,taskProperties={DESTINATION_DATA_TYPE=string}'
FILTER = "taskType=Filter,sourceFields=[id,name],connectorOperator={S3=PROJECTION},taskProperties={}"
OTHER = r"taskType=Mask,sourceFields=a\,b,destinationField='it is'"
FLOW = ["create-flow", "--flow-name", "orders", "--trigger-config", TRIGGER, "--source-flow-config", SOURCE]

BY_HAND: tuple[list[str], ...] = (
    [
        *FLOW,
        "--destination-flow-config-list",
        LAKE,
        "--tasks",
        MAP,
        FILTER,
        OTHER,
        "--tags",
        "a=1,b=x y",
    ],
    [*FLOW, "--destination-flow-config-list", LAKE, LAKE, "--tasks", "[]", "--client-token", "monday"],
    [*FLOW, "--destination-flow-config-list", json.dumps([LAKE_IN_JSON]), "--tasks", MAP],
    ["tag-resource", "--resource-arn", ARN, "--tags", '{"team": "données"}'],
    ["tag-resource", "--resource-arn", ARN, "--tags", 'team="a,b",cost = 7'],
    ["untag-resource", "--resource-arn", ARN, "--tag-keys", "a b", "c&d", "e,f"],
    ["untag-resource", "--tag-keys", '["one", "two"]', "--resource-arn", ARN],
    ["untag-resource", "--tag-keys", "one", "--resource-arn", ARN],
    ["list-tags-for-resource", "--resource-arn", ARN],
    ["delete-flow", "--flow-name", "orders", "--force-delete"],
    ["delete-flow", "--no-force-delete", "--flow-name=orders"],
    ["delete-flow", "--flow-name", "orders"],
    ["list-flows", "--max-results", "7", "--next-token", "abc"],
    ["list-flows", "--no-paginate"],
    ["describe-connectors", "--connector-types", "S3", "Salesforce", "--max-results", "3"],
    ["start-flow", "--flow-name", "orders"],
    ["start-flow", "--cli-input-json", '{"flowName": "orders", "clientToken": "t"}', "--client-token", "u"],
    ["cancel-flow-executions", "--flow-name", "orders", "--execution-ids", "1", "2"],
    ["update-connector-registration", "--connector-label", "l", "--description", ""],
)


def sample(shape_name: str, size: int) -> Any:
    """A value of a shape; lists and maps have so many members."""
    shape: Shape = api.SHAPES[shape_name]
    if isinstance(shape, Structure):
        return {member.name: sample(member.shape, size) for member in shape.members}
    if isinstance(shape, ListShape):
        return [sample(shape.member, size) for _ in range(size)]
    if isinstance(shape, MapShape):
        return {sample(shape.key, size): sample(shape.value, size)}
    if isinstance(shape, String):
        return shape.enum[-1] if shape.enum else f"{shape_name} ü/{size}".ljust(shape.min or 0, "x")
    simple: dict[type, Any] = {Boolean: size > 1, Integer: 40 + size, Float: 1.5, Timestamp: INSTANT}
    return simple[type(shape)]


def words_of(value: Any) -> list[str]:
    return [value if isinstance(value, str) else json.dumps(value)]


def as_options(document: dict[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, bool):
            yield f"--{'' if value else 'no-'}{option_of(name)}"
        else:
            yield from (f"--{option_of(name)}", *words_of(value))


def generated(folder: Path) -> Iterator[list[str]]:
    """Each operation with every member as options, as a document and as files, and with what is required alone."""
    for command, name in OPERATIONS.items():
        members = members_of(api.OPERATIONS[name].input)
        document = {member.name: sample(member.shape, 1) for member in members}
        yield [command, *as_options(document)]
        whole = folder / f"{command}.json"
        whole.write_text(json.dumps({member.name: sample(member.shape, 2) for member in members}), "utf-8")
        yield [command, "--cli-input-json", f"file://{whole}"]
        required = {member.name: document[member.name] for member in members if member.is_required}
        yield [command, *as_options(required)]
        yield [command, "--cli-input-json", json.dumps(required)]
        for member, value in required.items():
            if not isinstance(value, str):
                part = folder / f"{command}-{member}.json"
                part.write_text(json.dumps(value), "utf-8")
                rest = {name: other for name, other in required.items() if name != member}
                yield [command, *as_options(rest), f"--{option_of(member)}", f"file://{part}"]


def canonical(asked: Asked) -> Asked:
    """The request, a token that nobody gave as a word of its own."""
    document = asked.document
    if isinstance(document, dict) and len(document.get("clientToken", "")) == 36:
        document["clientToken"] = "made up"
    return asked._replace(document=document)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    for name in os.environ:
        if name.startswith(("HEADRACE_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "UTC")
    with recording() as found:
        yield found


def sent_by_aws(recorder: Recorder, cases: list[list[str]], folder: Path) -> list[Asked]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AWS],
        input=json.dumps([[*words, "--endpoint-url", recorder.url] for words in cases]),
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            # It brings an older model along; headrace has this one.
            "AWS_DATA_PATH": str(Path(botocore.__file__).parent / "data"),
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 4,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:4000]
    found = [canonical(asked) for asked in recorder.requests]
    recorder.requests.clear()
    return found


def test_the_same_words_send_the_same_request(recorder: Recorder, tmp_path: Path) -> None:
    cases = [*BY_HAND, *generated(tmp_path)]
    assert {words[0] for words in cases} == set(OPERATIONS)

    theirs = sent_by_aws(recorder, cases, tmp_path)
    assert len(theirs) == len(cases)
    for words, wanted in zip(cases, theirs, strict=True):
        assert run([*words, "--endpoint-url", recorder.url]) == DONE, words
        assert canonical(recorder.requests[-1]) == wanted, words
